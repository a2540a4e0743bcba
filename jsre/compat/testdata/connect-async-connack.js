// connectAsync rejects when the server refuses.
// on CONNECT: 20 02 00 05; close
const mqtt = require('mqtt');
const { done } = require('./lib/trace');

mqtt.connectAsync(process.env.SERVER, { reconnectPeriod: 0 }).then(done('resolved'), done('rejected'));
