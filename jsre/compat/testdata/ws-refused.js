// Nobody listens there.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect('ws://127.0.0.1:1', { reconnectPeriod: 0 }));
