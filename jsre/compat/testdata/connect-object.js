// All in one object, and no URL.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const [, hostname, port] = process.env.SERVER.split(/:\/*/);
const client = trace(mqtt.connect({ host: hostname, port: Number(port), protocol: 'mqtt', clientId: 'object' }));
client.on('connect', () => client.end());
