// A message in the callback of another.
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c' });
client.publish('a', '1', { qos: 1 }, () => client.publish('a', '2', { qos: 2 }, () => client.publish('a', '3', () => client.end())));
