// The properties of a message.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const topic = process.env.ID + '/v5';
const client = mqtt.connect(process.env.BROKER, { protocolVersion: 5 });
client.subscribe(topic, { qos: 1, properties: { subscriptionIdentifier: 5 } }, () => client.publish(topic, 'x', {
  qos: 1,
  properties: { contentType: 'a/b', responseTopic: 'r', correlationData: Buffer.from('c'), payloadFormatIndicator: true, userProperties: { a: '1', b: ['2', '3'] } },
}));
client.on('message', (topic, message, packet) => {
  const p = packet.properties;
  log(p.contentType, p.responseTopic, p.correlationData.toString(), p.payloadFormatIndicator, p.subscriptionIdentifier, p.userProperties);
  client.end();
});
