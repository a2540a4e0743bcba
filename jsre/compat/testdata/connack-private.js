// Mosquitto refuses a user whose password is wrong.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.PRIVATE, { username: 'ada', password: 'wrong', reconnectPeriod: 0 }));
client.on('error', (e) => log(e.code));
