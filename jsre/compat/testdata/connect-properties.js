// Properties of a CONNECT of MQTT 5.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, {
  protocolVersion: 5,
  clientId: 'c',
  properties: {
    sessionExpiryInterval: 60,
    receiveMaximum: 20,
    maximumPacketSize: 1000,
    topicAliasMaximum: 5,
    requestResponseInformation: true,
    requestProblemInformation: false,
    userProperties: { a: '1', b: ['2', '3'] },
  },
}));
client.on('connect', () => client.end());
