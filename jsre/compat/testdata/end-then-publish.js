// Publishing, subscribing and unsubscribing after the end.
const mqtt = require('mqtt');
const { done } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', () => client.end(() => {
  client.publish('a', 'b', done('publish'));
  client.subscribe('a', done('subscribe'));
  client.unsubscribe('a', done('unsubscribe'));
}));
