// subscribeAsync rejects.
// on SUBSCRIBE: 90 03 $id 80
const mqtt = require('mqtt');
const { done } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', () => client.subscribeAsync('a').then(done('resolved'), done('rejected')).then(() => client.end()));
