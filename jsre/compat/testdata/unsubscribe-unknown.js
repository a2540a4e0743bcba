// Nobody subscribed to that.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => client.unsubscribe(['x', 'y'], (...args) => {
  log(args.length, ...args);
  client.end();
}));
