// Nobody listens there, nor to event error.
const mqtt = require('mqtt');

mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 10 });
setTimeout(() => process.exit(), 150);
