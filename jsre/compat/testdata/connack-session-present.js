// The server still has the session.
// on CONNECT: 20 02 01 00
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c', clean: false });
client.on('connect', (packet) => {
  log(packet.sessionPresent, packet.returnCode, packet.reasonCode);
  client.end();
});
