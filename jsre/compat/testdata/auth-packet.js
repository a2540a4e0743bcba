// A server that asks for more in the course of authentication.
// on CONNECT: F0 09 18 07 15 0004 "SCRM"
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 0, protocolVersion: 5, clientId: 'c', properties: { authenticationMethod: 'SCRM' } }), 'error', 'packetreceive', 'close');
client.handleAuth = (packet, callback) => {
  log('auth', packet.reasonCode, packet.properties);
  callback(null, { cmd: 'disconnect', reasonCode: 0 });
  client.end(true);
};
