// The arguments of a subscription's callback.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => {
  const same = client.subscribe('a', (...args) => {
    log(args.length, ...args);
    client.end();
  });
  log(same === client);
});
