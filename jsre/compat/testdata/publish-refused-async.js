// publishAsync rejects.
// on PUBLISH: 40 04 $id 87 00
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { protocolVersion: 5 });
client.on('connect', async () => {
  try {
    await client.publishAsync('a', 'b', { qos: 1 });
  } catch (e) {
    log(e, e.packet);
  }
  client.end();
});
