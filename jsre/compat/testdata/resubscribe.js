// Subscriptions come again after a reconnection.
// on PUBLISH 1: close
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 20 }));
let n = 0;
client.on('connect', () => {
  if (++n === 2) return setTimeout(() => client.end(), 50);
  client.subscribe(['a', 'b'], { qos: 1 }, () => client.publish('x', 'y'));
});
