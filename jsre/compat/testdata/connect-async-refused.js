// connectAsync rejects at the first error.
const mqtt = require('mqtt');
const { done } = require('./lib/trace');

mqtt.connectAsync('mqtt://127.0.0.1:1').then(done('resolved'), done('rejected')).then(() => process.exit());
