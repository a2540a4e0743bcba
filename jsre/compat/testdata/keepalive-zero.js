// No pings.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { keepalive: 0 }));
client.on('connect', () => {
  log(client.keepalive, client.keepaliveManager);
  client.end();
});
