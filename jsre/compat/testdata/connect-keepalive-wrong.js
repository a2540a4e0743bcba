// A keep alive that is too large.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

try {
  const client = trace(mqtt.connect(process.env.SERVER, { keepalive: 70000, clientId: 'c', reconnectPeriod: 0 }));
  client.on('connect', () => client.end());
} catch (e) {
  log(e);
}
