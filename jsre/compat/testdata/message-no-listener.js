// A message that nobody listens to is acknowledged.
// on SUBSCRIBE: default; 32 07 0001 "a" 0009 "hi"
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER);
client.subscribe('a');
client.on('packetsend', (packet) => packet.cmd === 'puback' && client.end());
