// A host name that does not exist.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect('mqtt://nowhere.invalid', { reconnectPeriod: 0 });
client.on('error', (e) => log(e.code, e.syscall, e.hostname));
client.on('close', () => log('close'));
