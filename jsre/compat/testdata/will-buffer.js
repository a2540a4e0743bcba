// A will whose payload is a Buffer, with nothing else said.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c', will: { topic: 'gone', payload: Buffer.from([0, 1, 2]) } }));
client.on('connect', () => client.end());
