// Nobody listens there.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 10 }));
let tries = 0;
client.on('close', () => ++tries === 3 && client.end());
