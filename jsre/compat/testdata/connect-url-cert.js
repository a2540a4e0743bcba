// Key and certificate turn mqtt into mqtts.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const o = mqtt.connect('mqtt://h', { manualConnect: true, key: 'k', cert: 'c' }).options;
log(o.protocol, o.port);
try {
  mqtt.connect({ manualConnect: true, protocol: 'foo', key: 'k', cert: 'c' });
} catch (e) {
  log(e);
}
