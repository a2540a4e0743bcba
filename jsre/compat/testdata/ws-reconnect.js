// A WebSocket that breaks.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.WS, { reconnectPeriod: 20 }));
let n = 0;
client.on('connect', () => (++n === 1 ? client.stream.destroy() : client.end()));
