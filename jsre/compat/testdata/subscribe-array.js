// Several topics in one call.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => client.subscribe(['a', 'b/+', 'c/#'], { qos: 2 }, (e, granted) => {
  log(e, granted);
  client.end();
}));
