// The server grants less than was asked for.
// on SUBSCRIBE: 90 03 $id 01
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => client.subscribe('a', { qos: 2 }, (e, granted, packet) => {
  log(e, granted, packet);
  client.end();
}));
