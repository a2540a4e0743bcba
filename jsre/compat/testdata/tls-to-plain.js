// TLS to a port that has none.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.BROKER.replace('mqtt:', 'mqtts:'), { rejectUnauthorized: false, reconnectPeriod: 0 }), 'close', 'connect');
