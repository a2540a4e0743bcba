// What is published while the connection is away.
// on CONNECT 1: 20 02 00 00; close
const mqtt = require('mqtt');
const { log, done } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c', reconnectPeriod: 20 });
client.once('close', () => {
  client.publish('a', '0', done('qos 0'));
  client.publish('a', '1', { qos: 1 }, (...args) => {
    log('qos 1', ...args);
    setTimeout(() => client.end(), 30);
  });
});
