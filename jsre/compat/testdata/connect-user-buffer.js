// A password that is a Buffer.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { username: 'ada', password: Buffer.from([1, 2, 255]) }));
client.on('connect', () => client.end());
