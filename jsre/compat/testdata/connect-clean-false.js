// A session that stays, and a client identifier of one's own.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'mine', clean: false, keepalive: 17 }));
client.on('connect', () => client.end());
