// What unsubscribeAsync resolves to.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', async () => {
  await client.subscribeAsync('a');
  log(await client.unsubscribeAsync('a'));
  client.end();
});
