// The option not to subscribe again.
// on PUBLISH 1: close
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER, { reconnectPeriod: 20, resubscribe: false });
let n = 0;
client.on('connect', () => {
  if (++n === 2) return setTimeout(() => client.end(), 50);
  client.subscribe('a', () => client.publish('x', 'y'));
});
