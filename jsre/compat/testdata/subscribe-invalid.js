// Filters that are none.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', () => {
  for (const topic of ['a/#/b', 'a#', 'a+/b', [], {}, 5, undefined, ['a', '#/b']]) {
    client.subscribe(topic, (...args) => log(JSON.stringify(topic), args.length, ...args));
  }
  log('after');
  setTimeout(() => client.end(), 50);
});
