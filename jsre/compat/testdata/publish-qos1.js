// The callback of QoS 1 brings the packet that was sent.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => client.publish('a', 'b', { qos: 1 }, (...args) => {
  log('callback', args.length, ...args);
  client.end();
}));
