// What was unsubscribed is not subscribed again after a reconnection.
// on UNSUBSCRIBE 1: default; close
const mqtt = require('mqtt');
const { done } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { reconnectPeriod: 20 });
let n = 0;
client.on('connect', () => {
  if (++n === 2) return setTimeout(() => client.end(), 50);
  client.subscribe(['a', 'b'], () => client.unsubscribe('a', done('unsubscribed')));
});
