// A message of QoS 2 is an event once.
// on SUBSCRIBE: default; 34 07 0001 "a" 0009 "hi"; 3C 07 0001 "a" 0009 "hi"
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.subscribe('a');
let completed = 0;
client.on('packetsend', (packet) => packet.cmd === 'pubcomp' && ++completed === 2 && client.end());
