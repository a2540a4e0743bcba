// What is no payload throws.
const mqtt = require('mqtt');
const { log, trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER), 'error', 'close');
client.on('connect', () => {
  for (const payload of [5, true, {}, [1]]) {
    try {
      client.publish('a', payload, done('callback'));
      log('no exception');
    } catch (e) {
      log(e.name, e.code, e.message);
    }
  }
  client.end(true);
});
