// The options of MQTT 5 for each topic.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5 }));
client.on('connect', () => client.subscribe({ a: { qos: 0 }, b: { qos: 1, nl: true, rh: 1 } }, (e, granted) => {
  log(e, granted);
  client.end();
}));
