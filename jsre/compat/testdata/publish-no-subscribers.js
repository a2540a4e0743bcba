// A PUBACK that says that nobody listens is no error.
// on PUBLISH: 40 04 $id 10 00
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5 }));
client.on('connect', () => client.publish('a', 'b', { qos: 1 }, (...args) => {
  log(...args);
  client.end();
}));
