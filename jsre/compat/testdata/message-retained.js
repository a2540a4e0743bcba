// A retained message, for who subscribes after it and for who subscribed before.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const topic = process.env.ID + '/kept';
const client = trace(mqtt.connect(process.env.BROKER), 'message');
client.publish(topic, 'kept', { retain: true, qos: 1 }, () => client.subscribe(topic));
client.on('message', (topic, message) => {
  if (message.toString() === 'kept') client.publish(topic, '', { retain: true });
  else client.end();
});
