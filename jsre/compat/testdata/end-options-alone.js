// The end with options as its only argument.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5, clientId: 'c' }));
client.on('connect', () => client.end({ reasonCode: 4 }));
