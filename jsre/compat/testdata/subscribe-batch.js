// The option that cuts long lists.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { subscribeBatchSize: 2 }));
client.on('connect', () => client.subscribe(['a', 'b', 'c', 'd', 'e'], (e, granted) => {
  log(e, granted);
  client.end();
}));
