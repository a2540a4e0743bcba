// The server closes, and the client comes again.
// on CONNECT 1: 20 02 00 00; close
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 20 }));
let n = 0;
client.on('connect', () => ++n === 2 && client.end());
