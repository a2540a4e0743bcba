// An alias that was not allowed.
// on SUBSCRIBE 1: default; 30 08 0001 "a" 03 23 0009 "1"
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5, reconnectPeriod: 0, properties: { topicAliasMaximum: 5 } }));
client.on('connect', () => client.subscribe('a'));
