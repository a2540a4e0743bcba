// The texts of what a server of MQTT 5 refuses with.
// on CONNECT 1: 20 03 00 80 00; close
// on CONNECT 2: 20 03 00 85 00; close
// on CONNECT 3: 20 03 00 8A 00; close
// on CONNECT 4: 20 03 00 97 00; close
// on CONNECT 5: 20 03 00 9F 00; close
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

function next(n) {
  if (n > 5) return;
  const client = mqtt.connect(process.env.SERVER, { reconnectPeriod: 0, protocolVersion: 5, clientId: 'c' + n });
  client.on('error', (e) => log(e.code, e.message));
  client.on('close', () => next(n + 1));
}
next(1);
