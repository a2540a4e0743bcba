// A topic that is no text.
const mqtt = require('mqtt');
const { log, trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 0, clientId: 'c' }));
client.on('connect', () => {
  try {
    client.publish(5, 'x', done('callback'));
  } catch (e) {
    log(e.name, e.message);
  }
});
