// The server refuses.
// on SUBSCRIBE: 90 03 $id 80
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => client.subscribe('a', { qos: 1 }, (e, granted, packet) => {
  log(e, e.constructor.name, granted, packet);
  client.end();
}));
