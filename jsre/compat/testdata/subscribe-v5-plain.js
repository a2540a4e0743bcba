// What is granted in MQTT 5 where nothing was asked for.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5 }));
client.on('connect', () => client.subscribe(['a', 'b'], (e, granted, packet) => {
  log(e, granted, packet);
  client.end();
}));
