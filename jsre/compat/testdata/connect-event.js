// The packet that event connect brings.
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', (packet) => {
  console.log(packet);
  client.end();
});
