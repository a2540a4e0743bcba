// The server answers for one of two.
// on SUBSCRIBE: 90 03 $id 00
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c', reconnectPeriod: 0 }));
client.on('connect', () => client.subscribe(['a', 'b'], (e, granted) => {
  log(e, granted);
  client.end();
}));
