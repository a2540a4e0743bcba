// The order of the events of one packet.
// on SUBSCRIBE: default; 32 06 0001 "a" 0009 "1"
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c' }), 'packetreceive', 'message', 'packetsend');
client.subscribe('a');
client.on('packetsend', (packet) => packet.cmd === 'puback' && client.end());
