// The server's keep alive counts.
// on CONNECT: 20 06 00 00 03 13 0001
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5, keepalive: 30 }), 'packetreceive');
log(client.keepalive);
client.on('connect', () => log(client.keepalive, client.options.keepalive));
client.on('packetreceive', (packet) => packet.cmd === 'pingresp' && client.end());
