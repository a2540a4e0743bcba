// A password without a user.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { password: 'secret', clientId: 'c', reconnectPeriod: 0 }));
client.on('connect', () => client.end());
