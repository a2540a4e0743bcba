// The properties of a message of MQTT 5.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5, clientId: 'c' }));
client.on('connect', () => client.publish('a', 'b', {
  qos: 1,
  properties: {
    payloadFormatIndicator: true,
    messageExpiryInterval: 60,
    responseTopic: 'answer',
    correlationData: Buffer.from('x'),
    userProperties: { a: '1', b: ['2', '3'] },
    contentType: 'text/plain',
  },
}, (...args) => {
  log(...args);
  client.end();
}));
