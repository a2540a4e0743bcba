// The end in a message's listener leaves later messages unheard.
// on SUBSCRIBE: default; 30 04 0001 "a1"; 30 04 0001 "a2"; 30 04 0001 "a3"
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c' }));
client.subscribe('a');
client.on('message', () => client.end());
