// The options of MQTT 5.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5 }));
client.on('connect', () => client.subscribe('a', { qos: 1, nl: true, rap: true, rh: 2 }, (e, granted) => {
  log(e, granted);
  client.end();
}));
