// A message longer than the client allows.
// on SUBSCRIBE 1: default; 30 0E 0001 "a" 00 "0123456789"
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5, reconnectPeriod: 0, properties: { maximumPacketSize: 12 } }));
client.on('connect', () => client.subscribe('a'));
