// A will, its properties, and the words that a client leaves with.
const mqtt = require('mqtt');
const topic = process.env.ID + '/state';
const watcher = mqtt.connect(process.env.BROKER, { protocolVersion: 5 });
watcher.on('message', (topic, message, packet) => {
  console.log(message.toString(), packet.properties.contentType, packet.properties.userProperties);
  watcher.end();
});
watcher.subscribe(topic, { qos: 1 }, () => {
  const client = mqtt.connect(process.env.BROKER, {
    protocolVersion: 5,
    will: { topic, payload: 'gone', qos: 1, properties: { contentType: 'text/plain', userProperties: { from: 'will' } } },
  });
  client.on('connect', () => client.end({ reasonCode: 4 })); // disconnect with will message
});
