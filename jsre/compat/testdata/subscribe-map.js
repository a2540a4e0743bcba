// Topics with a QoS each.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => client.subscribe({ a: { qos: 0 }, b: { qos: 1 }, c: { qos: 2 } }, (e, granted) => {
  log(e, granted);
  client.end();
}));
