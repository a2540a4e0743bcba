// The order of what happens at the end.
const mqtt = require('mqtt');
const { log, trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => {
  const same = client.end(done('callback'));
  log(same === client, client.connected, client.disconnecting);
});
