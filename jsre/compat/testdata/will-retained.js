// A will that is kept.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const topic = process.env.ID + '/gone';
const client = mqtt.connect(process.env.BROKER, { reconnectPeriod: 0, will: { topic, payload: 'bye', qos: 1, retain: true } });
client.on('connect', () => client.stream.destroy());
client.on('close', () => {
  const watcher = trace(mqtt.connect(process.env.BROKER), 'message');
  watcher.subscribe(topic);
  watcher.once('message', () => watcher.publish(topic, '', { retain: true }, () => watcher.end()));
});
