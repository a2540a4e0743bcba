// A script that subscribes in each connect, as many do.
// on PUBLISH 1: close
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c', reconnectPeriod: 20 });
let n = 0;
client.on('connect', () => client.subscribe('a', (e, granted) => {
  log(e, granted);
  if (++n === 2) client.end();
  else client.publish('x', 'y');
}));
