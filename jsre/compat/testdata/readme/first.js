// The first example: subscriber and publisher in one.
const mqtt = require('mqtt');
const presence = process.env.ID + '/presence';
const client = mqtt.connect(process.env.BROKER);

client.on('connect', () => {
  client.subscribe(presence, (err) => {
    if (!err) client.publish(presence, 'Hello mqtt');
  });
});

client.on('message', (topic, message) => {
  console.log(message.toString());
  client.end();
});
