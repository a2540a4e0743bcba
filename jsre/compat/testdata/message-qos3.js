// A message with a QoS that does not exist.
// on SUBSCRIBE 1: default; 36 06 0001 "a" 0009 "1"
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c', reconnectPeriod: 0 }));
client.on('error', () => client.end(true)); // else it waits for more
client.subscribe('a');
