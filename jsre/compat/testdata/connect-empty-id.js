// An empty client identifier.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: '' }));
client.on('connect', () => client.end());
