// What is no filter.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER), 'error');
client.on('connect', () => {
  for (const topic of ['a/#/b', 'a#', ['a', '+b']]) client.unsubscribe(topic, (...args) => log(JSON.stringify(topic), args.length, ...args));
  log('after');
  setTimeout(() => client.end(), 50);
});
