// A topic beyond ASCII.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const topic = process.env.ID + '/ä€😀';
const client = trace(mqtt.connect(process.env.BROKER), 'message');
client.subscribe(topic, () => client.publish(topic, 'hier'));
client.on('message', () => client.end());
