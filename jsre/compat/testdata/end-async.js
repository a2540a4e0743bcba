// endAsync.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', async () => {
  log(await client.endAsync());
  log(client.connected, client.disconnected);
});
