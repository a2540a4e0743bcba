// The same topic twice in one call.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c' });
client.on('connect', () => client.subscribe(['a', 'a'], (e, granted) => {
  log(e, granted);
  client.end();
}));
