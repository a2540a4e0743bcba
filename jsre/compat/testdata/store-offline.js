// The store of messages that wait for the connection.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const outgoingStore = new mqtt.Store();
const client = mqtt.connect(process.env.SERVER, { outgoingStore, clientId: 'c', messageIdProvider: new mqtt.UniqueMessageIdProvider() });
client.publish('a', 'b', { qos: 1 }, () => outgoingStore.get({ messageId: 1 }, (e) => {
  log('after', e);
  client.end();
}));
outgoingStore.get({ messageId: 1 }, (e, packet) => log('before', e, packet));
