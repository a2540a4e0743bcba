// The server of MQTT 5 refuses, with a reason.
// on CONNECT: 20 09 00 87 06 1F 0003 "why"; close
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5, reconnectPeriod: 10 }));
client.on('error', () => log(client.serverProperties));
client.on('close', () => log(client.serverProperties));
