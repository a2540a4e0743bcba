// What subscribeAsync resolves to.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', async () => {
  log(await client.subscribeAsync('a', { qos: 1 }));
  log(await client.subscribeAsync(['b', 'c']));
  log(await client.subscribeAsync({ d: { qos: 2 } }));
  log(await client.subscribeAsync('a', { qos: 1 }));
  client.end();
});
