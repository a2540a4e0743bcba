// A version that does not exist.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

try {
  const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 6, clientId: 'c', reconnectPeriod: 0 }));
  client.on('connect', () => client.end());
} catch (e) {
  log(e);
}
