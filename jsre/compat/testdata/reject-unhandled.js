// A rejection that nobody handles.
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', async () => {
  await client.subscribeAsync('a/#/b');
});
