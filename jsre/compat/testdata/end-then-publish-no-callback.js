// Publishing after the end without a callback.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER), 'error');
client.on('connect', () => client.end(() => {
  client.publish('a', 'b');
  log('after');
}));
