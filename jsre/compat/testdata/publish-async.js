// What publishAsync resolves to.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', async () => {
  log(await client.publishAsync('a', '0'));
  log(await client.publishAsync('a', '1', { qos: 1 }));
  log(await client.publishAsync('a', '2', { qos: 2 }));
  await client.endAsync();
});
