// The server refuses the second connection.
// on CONNECT 1: 20 02 00 00; close
// on CONNECT 2: 20 02 00 05; close
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { clientId: 'c', reconnectPeriod: 20 }));
let n = 0;
client.on('close', () => ++n === 2 && setTimeout(() => log(client.connected, client.reconnecting), 60));
