// Mosquitto closes the connection of who publishes to a wildcard.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.BROKER, { reconnectPeriod: 0 }));
client.on('connect', () => client.publish('a/#', 'x', { qos: 0 }));
