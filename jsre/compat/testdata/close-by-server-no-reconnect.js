// The server closes, and the client stays away.
// on CONNECT 1: 20 02 00 00; close
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 0 }));
