// A server that sends its clients elsewhere.
// on CONNECT: 20 0B 00 9C 08 1C 0005 "other"; close
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 0, protocolVersion: 5, clientId: 'c' }));
client.on('error', () => log(client.serverProperties));
