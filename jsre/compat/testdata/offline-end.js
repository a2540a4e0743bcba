// What is kept when the client ends calls back.
const mqtt = require('mqtt');
const { log, done } = require('./lib/trace');

const client = mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 1000 });
client.on('error', () => {});
client.publish('a', '0', done('qos 0'));
client.publish('a', '1', { qos: 1 }, done('qos 1'));
client.subscribe('s', done('subscribed'));
client.once('close', () => client.end(true, (...args) => {
  log('ended', ...args);
  setTimeout(() => process.exit(), 50);
}));
