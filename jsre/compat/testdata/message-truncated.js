// A packet whose length does not fit what it holds.
// on SUBSCRIBE 1: default; 30 03 0005 "a"
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c', reconnectPeriod: 0 }));
client.on('error', () => client.end(true)); // else it waits for more
client.subscribe('a');
