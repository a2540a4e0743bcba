// Properties of an UNSUBSCRIBE, and codes of the answer.
// on UNSUBSCRIBE: B0 05 $id 00 00 11
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5 }));
client.on('connect', () => client.unsubscribe(['a', 'b'], { properties: { userProperties: { a: 'b' } } }, (e, packet) => {
  log(e, packet);
  client.end();
}));
