// A QoS that does not exist.
const mqtt = require('mqtt');
const { log, trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 0, clientId: 'c' }));
client.on('connect', () => {
  try {
    client.publish('a', 'x', { qos: 3 }, done('callback'));
  } catch (e) {
    log(e.name, e.message);
  }
  setTimeout(() => client.end(true), 50);
});
