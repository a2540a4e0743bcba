// The server refuses one of two, and says why.
// on SUBSCRIBE: 90 05 $id 00 00 87
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5 }));
client.on('connect', () => client.subscribe(['a', 'b'], (e, granted, packet) => {
  log(e, e instanceof mqtt.ErrorWithSubackPacket, e.packet, granted, packet);
  client.end();
}));
