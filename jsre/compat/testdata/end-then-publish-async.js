// The async forms after the end.
const mqtt = require('mqtt');
const { done } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', () => client.end(async () => {
  for (const call of [() => client.publishAsync('a', 'b'), () => client.subscribeAsync('a'), () => client.unsubscribeAsync('a')]) {
    await call().then(done('resolved'), done('rejected'));
  }
}));
