// A second end.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => {
  client.end(() => {
    log('first');
    client.end(() => log('third'));
  });
  client.end(() => log('second'));
});
