// The end at once.
const mqtt = require('mqtt');
const { log, trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => {
  client.end(true, done('callback'));
  log(client.connected, client.disconnecting, client.disconnected);
});
