// The order of a subscription's callback, its first message and the lines around.
// on SUBSCRIBE: 90 03 $id 00 31 05 0001 "ahi"
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER), 'message');
client.on('connect', () => {
  client.subscribe('a', () => {
    log('subscribed');
    client.end();
  });
  log('after');
});
