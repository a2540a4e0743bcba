// All in one object, and no URL.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const { hostname, port } = new URL(process.env.SERVER.replace('mqtt:', 'http:'));
const client = trace(mqtt.connect({ host: hostname, port: Number(port), protocol: 'mqtt', clientId: 'object' }));
client.on('connect', () => client.end());
