// The server refuses, which is no error.
// on UNSUBSCRIBE: B0 04 $id 00 87
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5 }));
client.on('connect', () => client.unsubscribe('a', (e, packet) => {
  log(e, packet);
  client.end();
}));
