// A QoS 2 message whose PUBREL was not answered.
// on PUBREL 1: close
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 20, clientId: 'c', clean: false }));
client.publish('a', 'b', { qos: 2 }, (...args) => {
  log(...args);
  client.end();
});
