// The end before the connection stands.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c' }));
client.end(done('callback'));
client.on('connect', () => setTimeout(() => process.exit(), 20)); // Node.js never ends by itself here
