// Mosquitto publishes the will of a client that ends without a word.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const id = process.env.ID;
const watcher = trace(mqtt.connect(process.env.BROKER), 'message');
watcher.subscribe(id + '/gone', { qos: 1 }, () => {
  const client = mqtt.connect(process.env.BROKER, { reconnectPeriod: 0, will: { topic: id + '/gone', payload: 'bye', qos: 1 } });
  client.on('connect', () => client.stream.destroy());
});
watcher.on('message', () => watcher.end());
