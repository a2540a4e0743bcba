// No topic at all.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c', reconnectPeriod: 0 }));
client.on('connect', () => {
  client.unsubscribe([], done('callback'));
  setTimeout(() => client.end(true), 50);
});
