// reconnect after a close without automatic reconnection.
// on CONNECT 1: 20 02 00 00; close
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c', reconnectPeriod: 0 }));
let n = 0;
client.on('close', () => ++n === 1 && client.reconnect());
client.on('connect', () => n === 1 && client.end());
