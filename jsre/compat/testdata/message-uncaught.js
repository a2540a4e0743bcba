// An exception of a listener that the process takes.
// on SUBSCRIBE: default; 30 05 0001 "ahi"
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

process.on('uncaughtException', (e) => {
  log('uncaught', e);
  client.end();
});
const client = mqtt.connect(process.env.SERVER);
client.subscribe('a');
client.on('message', () => {
  throw new Error('in the listener');
});
