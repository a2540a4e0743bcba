// The state in each event.
// on CONNECT 1: 20 02 00 00; close
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { reconnectPeriod: 20 });
for (const name of ['connect', 'offline', 'close', 'reconnect']) {
  client.on(name, () => log(name, client.connected, client.reconnecting, client.disconnecting));
}
let n = 0;
client.on('connect', () => ++n === 2 && client.end());
