// The path of the options in the place of the URL's.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const topic = process.env.ID + '/ws';
const client = trace(mqtt.connect(process.env.WS + '/not', { path: '/mqtt', protocolVersion: 5 }));
client.subscribe(topic, () => client.publish(topic, Buffer.alloc(3000, 'w')));
client.removeAllListeners('message');
client.on('message', (topic, message) => {
  log(message.length);
  client.end();
});
