// The properties of enhanced authentication.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, {
  protocolVersion: 5,
  clientId: 'c',
  properties: { authenticationMethod: 'plain', authenticationData: Buffer.from('data') },
}));
client.on('connect', () => client.end());
