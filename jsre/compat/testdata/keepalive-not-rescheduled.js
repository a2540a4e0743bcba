// The option that lets pings go out although something else was sent.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c', keepalive: 1, reschedulePings: false });
client.on('connect', () => log(client.options.reschedulePings));
client.on('packetreceive', (packet) => packet.cmd === 'pingresp' && client.end());
