// The port of the options counts more than that of the URL.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const [, , port] = process.env.SERVER.split(/:\/*/);
const client = trace(mqtt.connect('mqtt://127.0.0.1:1', { port: Number(port), clientId: 'p' }));
client.on('connect', () => client.end());
