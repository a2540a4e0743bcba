// sendPing.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c' }), 'packetreceive', 'packetsend');
client.on('connect', () => client.sendPing());
client.on('packetreceive', (packet) => packet.cmd === 'pingresp' && client.end());
