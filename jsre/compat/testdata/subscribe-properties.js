// The properties of a subscription.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5 }));
client.on('connect', () => client.subscribe('a', { properties: { subscriptionIdentifier: 7, userProperties: { a: 'b' } } }, (e, granted) => {
  log(e, granted);
  client.end();
}));
