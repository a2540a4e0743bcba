// Two messages that were not acknowledged are sent again in order.
// on PUBLISH 1: nothing
// on PUBLISH 2: close
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c', reconnectPeriod: 20 });
client.once('connect', () => {
  client.publish('a', '1', { qos: 1 }, (e) => log('first', e));
  client.publish('a', '2', { qos: 1 }, (e) => {
    log('second', e);
    setTimeout(() => client.end(), 30);
  });
});
