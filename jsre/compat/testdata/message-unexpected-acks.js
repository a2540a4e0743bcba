// Acknowledgements that nobody waits for.
// on CONNECT: 20 02 00 00 40 02 00 07 70 02 00 08 90 03 00 09 00 B0 02 00 0A D0 00
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c' }));
client.on('connect', () => client.subscribe('a', () => client.end()));
