// The server refuses.
// on CONNECT: 20 02 00 05; close
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 10 }));
client.on('error', (e) => log(e.constructor.name, e instanceof mqtt.ErrorWithReasonCode, e instanceof Error));
client.on('close', () => setTimeout(() => log(client.connected, client.reconnecting), 50));
