// The arguments of the callback.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => client.subscribe(['a', 'b'], () => {
  const same = client.unsubscribe('a', (...args) => {
    log(args.length, ...args);
    client.end();
  });
  log(same === client);
}));
