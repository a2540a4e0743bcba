// The server says why it goes.
// on CONNECT 1: 20 03 00 00 00; E0 02 8B 00; close
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5, reconnectPeriod: 20 }));
let n = 0;
client.on('connect', () => ++n === 2 && client.end());
