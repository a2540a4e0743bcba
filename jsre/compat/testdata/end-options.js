// The end with a reason and properties.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5, clientId: 'c' }));
client.on('connect', () => client.end(false, { reasonCode: 4, properties: { sessionExpiryInterval: 10, reasonString: 'bye', userProperties: { a: 'b' } } }, done('callback')));
