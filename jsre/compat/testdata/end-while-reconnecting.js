// The end while the client waits for its next try.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 5000 }));
client.on('close', () => setTimeout(() => client.end(done('callback')), 20));
