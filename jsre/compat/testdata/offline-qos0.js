// What is published before the connection stands.
const mqtt = require('mqtt');
const { log, trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.publish('a', 'b', done('published'));
log(client.queue.length);
client.on('connect', () => client.end());
