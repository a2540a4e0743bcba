// The server does not answer the first time.
// on CONNECT 1: nothing
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { connectTimeout: 400, reconnectPeriod: 10 }));
client.on('connect', () => client.end());
