// Nothing is subscribed again where the server still has the session.
// on CONNECT 2: 20 02 01 00
// on PUBLISH 1: close
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { reconnectPeriod: 20, clean: false, clientId: 'c' });
let n = 0;
client.on('connect', (packet) => {
  log(packet.sessionPresent);
  if (++n === 2) return setTimeout(() => client.end(), 50);
  client.subscribe('a', () => client.publish('x', 'y'));
});
