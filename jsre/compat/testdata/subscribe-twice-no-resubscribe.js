// Without the option to resubscribe the same subscription is sent again.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { resubscribe: false }));
client.on('connect', () => client.subscribe('a', () => client.subscribe('a', (e, granted) => {
  log(e, granted);
  client.end();
})));
