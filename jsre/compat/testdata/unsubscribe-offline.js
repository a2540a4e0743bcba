// An unsubscription that waits for the connection.
const mqtt = require('mqtt');
const { log, done } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c' });
client.subscribe('a', done('subscribed'));
client.unsubscribe('a', (...args) => {
  log('unsubscribed', ...args);
  client.end();
});
