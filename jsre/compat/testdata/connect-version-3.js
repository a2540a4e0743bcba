// MQTT 3.1, as the README says it is asked for.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolId: 'MQIsdp', protocolVersion: 3, clientId: 'c' }));
client.on('connect', () => client.end());
