// The option that does not keep QoS 0.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { queueQoSZero: false }));
client.publish('a', 'b', done('published'));
client.publish('a', 'c');
client.on('connect', () => client.end());
