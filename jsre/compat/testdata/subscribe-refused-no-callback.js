// The server refuses, and nobody asks.
// on SUBSCRIBE: 90 03 $id 80
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => {
  client.subscribe('a');
  client.subscribe('b', () => client.end());
});
