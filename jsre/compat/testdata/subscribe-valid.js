// Filters that are right.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', async () => {
  for (const topic of ['#', '+', '/', 'a//b', '+/+/#', '$share/g/a', '$SYS/#', 'ä']) log(topic, await client.subscribeAsync(topic));
  client.end();
});
