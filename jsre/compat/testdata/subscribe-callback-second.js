// The places of options and callback.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c' });
client.on('connect', () => {
  client.subscribe('a', null, (e, granted) => log('null', e, granted));
  client.subscribe('b', undefined, (e, granted) => log('undefined', e, granted));
  client.subscribe('c', {}, (e, granted) => {
    log('empty', e, granted);
    client.end();
  });
});
