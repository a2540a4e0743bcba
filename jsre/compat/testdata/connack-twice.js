// A second CONNACK breaks the protocol.
// on CONNECT 1: 20 02 00 00; 20 02 00 00
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 10 }));
let n = 0;
client.on('connect', () => ++n === 2 && client.end());
