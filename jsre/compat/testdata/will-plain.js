// A will.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c', will: { topic: 'gone', payload: 'bye', qos: 1, retain: true } }));
client.on('connect', () => client.end());
