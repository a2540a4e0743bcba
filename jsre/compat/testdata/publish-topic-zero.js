// A topic with a NUL in it.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 0, clientId: 'c' }));
client.on('connect', () => {
  client.publish('a\u0000b', 'x', done('callback'));
  client.end();
});
