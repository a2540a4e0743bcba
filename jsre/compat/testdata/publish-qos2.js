// The callback of QoS 2 brings the packet that was sent last.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => client.publish('a', 'b', { qos: 2 }, (...args) => {
  log('callback', args.length, ...args);
  client.end();
}));
