// A message that is published in a message's listener.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const id = process.env.ID;
const client = trace(mqtt.connect(process.env.BROKER), 'message');
client.subscribe([id + '/a', id + '/b'], () => client.publish(id + '/a', '1'));
client.on('message', (topic) => (topic.endsWith('/a') ? client.publish(id + '/b', '2') : client.end()));
