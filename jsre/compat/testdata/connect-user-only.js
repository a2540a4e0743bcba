// A user without a password.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { username: 'ada', clientId: 'c' }));
client.on('connect', () => client.end());
