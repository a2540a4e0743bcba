// The state of a client before, while and after it is connected.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
const state = (when) => log(when, client.connected, client.reconnecting, client.disconnecting, client.disconnected);
state('new');
client.on('connect', () => {
  state('connect');
  client.end(() => state('ended'));
  state('ending');
});
