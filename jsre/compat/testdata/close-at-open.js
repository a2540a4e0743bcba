// The server closes before it reads.
// on open 1: close
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 20 }), 'connect', 'reconnect', 'close', 'offline', 'end');
client.on('error', () => {}); // ECONNRESET or not, as it happens
client.on('connect', () => client.end());
