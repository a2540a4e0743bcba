// The server does not speak WebSocket.
// on open: close
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

trace(mqtt.connect(process.env.SERVER.replace('mqtt:', 'ws:'), { reconnectPeriod: 0 }), 'close', 'offline', 'connect');
