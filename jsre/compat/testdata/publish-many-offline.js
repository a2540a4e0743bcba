// Fifty messages that wait keep their order.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c' });
const order = [];
for (let i = 0; i < 50; i++) client.publish('t', String(i), () => order.push(i));
client.publish('t', 'last', () => client.end(() => log(order.join(','))));
