// The ping is not answered.
// on PINGREQ: nothing
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { keepalive: 1, reconnectPeriod: 0 }));
client.on('error', () => log(client.connected));
