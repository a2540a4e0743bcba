// What the server says is no MQTT.
// on CONNECT 1: FF 00 01 02
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 10 }));
client.on('error', () => client.end(true));
