// A shared subscription.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const topic = process.env.ID + '/shared';
const client = trace(mqtt.connect(process.env.BROKER, { protocolVersion: 5 }), 'message');
client.subscribe('$share/group/' + topic, (e, granted) => {
  log(e, granted);
  client.publish(topic, 'x');
});
client.on('message', () => client.end());
