// The connection is lost before the answer.
// on SUBSCRIBE 1: close
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 20 }));
let n = 0;
client.on('connect', () => {
  if (++n === 1) client.subscribe('a', (e) => log('subscribed', e, e.constructor.name));
  else setTimeout(() => client.end(), 50);
});
