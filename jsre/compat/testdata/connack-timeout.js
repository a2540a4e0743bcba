// The server does not answer.
// on CONNECT: nothing
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { connectTimeout: 60, reconnectPeriod: 0 }));
client.on('close', () => log(client.connected));
