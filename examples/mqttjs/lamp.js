// A lamp with a will: it says that it is there, obeys lamp/set, and is reported as gone when it breaks.
//   dunlin run --broker examples/mqttjs/lamp.js
const mqtt = require('mqtt');

const client = mqtt.connect('mqtt://127.0.0.1:1883', {
  will: { topic: 'lamp/online', payload: 'no', qos: 1, retain: true },
});

client.on('connect', async () => {
  await client.publishAsync('lamp/online', 'yes', { qos: 1, retain: true });
  await client.subscribeAsync('lamp/set', { qos: 1 });
  client.publish('lamp/set', 'on', { qos: 1 }); // somebody presses the switch
});

client.on('message', (topic, payload) => {
  console.log(topic, payload.toString());
  client.end(() => console.log('ended'));
});

client.on('error', (err) => console.error(err.message));
