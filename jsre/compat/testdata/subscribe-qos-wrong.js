// A QoS that does not exist.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 0, clientId: 'c' }));
client.on('connect', () => {
  client.subscribe('a', { qos: 3 }, done('callback'));
  setTimeout(() => client.end(true), 50);
});
