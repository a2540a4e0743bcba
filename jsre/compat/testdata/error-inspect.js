// What console.log shows of errors, but for their stack.
// on CONNECT: 20 02 00 05; close
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { reconnectPeriod: 0, clientId: 'c' });
client.on('error', (e) => {
  log(String(e), Object.keys(e), e.stack.split('\n')[0]);
  log(JSON.stringify(e), Object.prototype.hasOwnProperty.call(e, 'message'));
});
