// A QoS that does not exist.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 0, clientId: 'c' }));
client.on('connect', () => {
  client.subscribe('a', { qos: 3 }, (...args) => {
    log('callback', ...args);
    client.end(true);
  });
});
