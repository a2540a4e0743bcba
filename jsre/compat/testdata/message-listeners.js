// Several listeners, one for once, and one that is taken off.
// on SUBSCRIBE: default; 30 04 0001 "a1"; 30 04 0001 "a2"
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c' });
const off = () => log('never');
client.on('message', off);
client.on('message', (topic, m) => log('first', m.toString()));
client.once('message', (topic, m) => log('once', m.toString()));
client.on('message', (topic, m) => m.toString() === '2' && client.end());
client.off('message', off);
log(client.listenerCount('message'));
client.subscribe('a');
