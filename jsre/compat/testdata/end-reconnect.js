// A client that ended connects again.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c' }));
let n = 0;
client.on('connect', () => client.end());
client.on('end', () => ++n === 1 && client.reconnect());
