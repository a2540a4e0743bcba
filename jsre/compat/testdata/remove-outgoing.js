// removeOutgoingMessage.
// on PUBLISH: nothing
const mqtt = require('mqtt');
const { log, done } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { messageIdProvider: new mqtt.UniqueMessageIdProvider() });
client.on('connect', () => {
  client.publish('a', 'b', { qos: 1 }, done('published'));
  log(client.removeOutgoingMessage(1) === client);
  setTimeout(() => client.end(), 20);
});
