// What options hold when none is given.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
const o = client.options;
log(o.keepalive, o.reschedulePings, o.protocolId, o.protocolVersion, o.reconnectPeriod, o.connectTimeout, o.clean, o.resubscribe);
log(o.writeCache, o.timerVariant, o.subscribeBatchSize, o.queueQoSZero, o.protocol, o.hostname, /^mqttjs_[0-9a-f]+$/.test(o.clientId));
client.on('connect', () => client.end());
