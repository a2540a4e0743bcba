// A message that was not acknowledged is sent again.
// on PUBLISH 1: close
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 20, clientId: 'c', clean: false }));
client.publish('a', 'b', { qos: 1 }, (...args) => {
  log(...args);
  client.end();
});
