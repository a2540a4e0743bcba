// Mosquitto lets the right user in.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.PRIVATE, { username: 'ada', password: 'secret' }));
client.on('connect', () => client.end());
