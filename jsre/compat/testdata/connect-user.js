// User and password of the options.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { username: 'ada', password: 'secret' }));
client.on('connect', () => client.end());
