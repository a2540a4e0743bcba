// null in the place of a topic.
const mqtt = require('mqtt');
const { log, done } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c' });
client.on('connect', () => {
  try {
    client.subscribe(null, done('callback'));
  } catch (e) {
    log(e.name);
  }
  client.end();
});
