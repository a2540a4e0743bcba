// A will with the properties of MQTT 5.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, {
  clientId: 'c',
  protocolVersion: 5,
  will: {
    topic: 'gone',
    payload: 'bye',
    qos: 2,
    retain: false,
    properties: {
      willDelayInterval: 1,
      payloadFormatIndicator: true,
      messageExpiryInterval: 60,
      contentType: 'text/plain',
      responseTopic: 'answer',
      correlationData: Buffer.from('x'),
      userProperties: { a: 'b' },
    },
  },
}));
client.on('connect', () => client.end());
