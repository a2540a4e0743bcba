// Options that the script changes before the next try.
// on CONNECT 1: 20 02 00 00; close
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER, { clientId: 'first', reconnectPeriod: 20 });
client.on('close', () => {
  client.options.clientId = 'second';
  client.options.username = 'ada';
});
client.on('connect', () => client.options.clientId === 'second' && client.end());
