// A message comes with the lower QoS of publisher and subscriber.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const topic = process.env.ID + '/down';
const client = trace(mqtt.connect(process.env.BROKER), 'message');
client.subscribe(topic, { qos: 1 }, () => {
  client.publish(topic, 'two', { qos: 2 });
  client.publish(topic, 'none', { qos: 0 });
});
let n = 0;
client.on('message', () => ++n === 2 && client.end());
