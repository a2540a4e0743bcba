// The classes of errors.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const e = new mqtt.ErrorWithReasonCode('text', 7);
log(e, e.name, e.code, e instanceof Error, Object.prototype.toString.call(e));
const s = new mqtt.ErrorWithSubackPacket('text', { cmd: 'suback' });
log(s, s.name, s.packet, s instanceof Error);
