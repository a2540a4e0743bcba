// Mosquitto refuses in MQTT 5.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.PRIVATE, { username: 'ada', password: 'wrong', reconnectPeriod: 0, protocolVersion: 5 }));
client.on('error', (e) => log(e.code));
