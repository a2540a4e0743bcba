// Messages in a loop, and a listener for a filter of its own.
//   dunlin run --broker examples/mqttjs/loop.js
const mqtt = require('mqtt');

(async () => {
  const client = await mqtt.connectAsync('mqtt://127.0.0.1:1883', { protocolVersion: 5 });

  client.handle('room/+/alarm', (topic) => console.log('alarm in', topic));

  const readings = client.messages('room/#', { qos: 1 });
  await client.subscribeAsync('done');
  for (const degrees of [19, 20, 21]) {
    client.publish('room/kitchen', String(degrees), { qos: 1, properties: { userProperties: { unit: 'C' } } });
  }
  client.publish('room/cellar/alarm', 'water', { qos: 1 });

  for (let i = 0; i < 4; i++) {
    const { topic, payload, packet } = (await readings.next()).value;
    console.log(topic, payload.toString(), packet.properties ? packet.properties.userProperties.unit : '');
  }
  await client.endAsync();
  console.log((await readings.next()).done);
})();
