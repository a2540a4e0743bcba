// A message of QoS 2 is an event once.
// on SUBSCRIBE: default; 34 07 0001 "a" 0009 "hi"; 3C 07 0001 "a" 0009 "hi"
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.subscribe('a');
client.on('message', () => setTimeout(() => client.end(), 50));
