// The packet that event message brings.
// on SUBSCRIBE: default; 33 07 0001 "a" 0009 "hi"
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER);
client.subscribe('a');
client.on('message', (topic, message, packet) => {
  console.log(topic, message, packet);
  client.end();
});
