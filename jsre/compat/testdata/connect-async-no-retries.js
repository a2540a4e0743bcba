// connectAsync that gives up when the server closes.
// on CONNECT: close
const mqtt = require('mqtt');
const { done } = require('./lib/trace');

mqtt.connectAsync(process.env.SERVER, { reconnectPeriod: 0 }, false).then(done('resolved'), done('rejected'));
