// An exception of a listener is not caught.
// on SUBSCRIBE: default; 30 05 0001 "ahi"
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER);
client.subscribe('a');
client.on('message', () => {
  throw new Error('in the listener');
});
