// The server closes twice before it accepts.
// on CONNECT 1: close
// on CONNECT 2: close
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 20 }));
client.on('connect', () => client.end());
