// A client that ends properly leaves no will.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const id = process.env.ID;
const watcher = trace(mqtt.connect(process.env.BROKER), 'message');
watcher.subscribe(id + '/#', () => {
  const client = mqtt.connect(process.env.BROKER, { will: { topic: id + '/gone', payload: 'bye' } });
  client.on('connect', () => client.end(() => watcher.publish(id + '/after', 'nothing came')));
});
watcher.on('message', () => watcher.end());
