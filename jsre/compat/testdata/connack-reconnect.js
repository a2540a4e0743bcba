// The option to try again after a refusal.
// on CONNECT 1: 20 02 00 03; close
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 10, reconnectOnConnackError: true }));
client.on('connect', () => client.end());
