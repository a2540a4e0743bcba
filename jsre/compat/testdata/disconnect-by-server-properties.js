// The packet that event disconnect brings.
// on CONNECT 1: 20 03 00 00 00; E0 08 8B 06 1F 0003 "off"; close
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { protocolVersion: 5, reconnectPeriod: 0 });
client.on('disconnect', (packet) => console.log(packet));
client.on('close', () => log('close'));
