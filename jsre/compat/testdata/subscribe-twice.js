// The same subscription again sends nothing.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => client.subscribe('a', { qos: 1 }, () => {
  client.subscribe('a', { qos: 1 }, (...args) => log('again', args.length, ...args));
  log('after');
  client.subscribe('a', { qos: 2 }, (e, granted) => {
    log('higher', e, granted);
    client.end();
  });
}));
