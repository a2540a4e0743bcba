// connectAsync.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

(async () => {
  const client = await mqtt.connectAsync(process.env.SERVER, { clientId: 'c' });
  log(client.connected, client instanceof mqtt.MqttClient);
  await client.endAsync();
})();
