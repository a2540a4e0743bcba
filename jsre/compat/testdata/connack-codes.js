// The texts of what a server of MQTT 3.1.1 refuses with.
// on CONNECT 1: 20 02 00 01; close
// on CONNECT 2: 20 02 00 02; close
// on CONNECT 3: 20 02 00 03; close
// on CONNECT 4: 20 02 00 04; close
// on CONNECT 5: 20 02 00 05; close
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

function next(n) {
  if (n > 5) return;
  const client = mqtt.connect(process.env.SERVER, { reconnectPeriod: 0, clientId: 'c' + n });
  client.on('error', (e) => log(e.code, e.message));
  client.on('close', () => next(n + 1));
}
next(1);
