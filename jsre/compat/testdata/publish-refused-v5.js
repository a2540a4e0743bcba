// A PUBACK with an error.
// on PUBLISH: 40 04 $id 87 00
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5 }));
client.on('connect', () => client.publish('a', 'b', { qos: 1 }, (e, packet) => {
  log(e, e.constructor.name, packet);
  client.end();
}));
