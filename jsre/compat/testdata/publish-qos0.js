// The callback of QoS 0 has no packet.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => {
  const same = client.publish('a', 'b', (...args) => {
    log('callback', args.length, ...args);
    client.end();
  });
  log(same === client);
});
