// A client identifier that is a number.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

try {
  const client = trace(mqtt.connect(process.env.SERVER, { clientId: 5, reconnectPeriod: 0 }));
  client.on('connect', () => client.end());
} catch (e) {
  log(e);
}
