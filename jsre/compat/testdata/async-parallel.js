// Many calls at once.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const topic = process.env.ID + '/parallel';
(async () => {
  const client = await mqtt.connectAsync(process.env.BROKER);
  const got = [];
  client.on('message', (topic, message) => got.push(message.toString()));
  await client.subscribeAsync(topic, { qos: 1 });
  const packets = await Promise.all(['a', 'b', 'c'].map((text) => client.publishAsync(topic, text, { qos: 1 })));
  log(packets.map((p) => p.payload));
  await client.unsubscribeAsync(topic);
  await client.endAsync();
  log(got);
})();
