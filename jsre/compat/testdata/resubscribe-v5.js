// Subscriptions come again after a reconnection in MQTT 5.
// on PUBLISH 1: close
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER, { reconnectPeriod: 20, protocolVersion: 5, clientId: 'c' });
let n = 0;
client.on('connect', () => {
  if (++n === 2) return setTimeout(() => client.end(), 50);
  client.subscribe({ a: { qos: 1, nl: true }, b: { qos: 2, rap: true, rh: 1 } }, { properties: { subscriptionIdentifier: 3 } }, () => client.publish('x', 'y'));
});
