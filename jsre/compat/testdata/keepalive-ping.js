// A ping when nothing else was sent.
// on PINGREQ: default
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { keepalive: 1 }), 'packetreceive');
client.on('packetreceive', (packet) => packet.cmd === 'pingresp' && client.end());
