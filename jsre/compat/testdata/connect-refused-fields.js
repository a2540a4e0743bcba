// What the error of a refused connection holds.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 0 });
client.on('error', (e) => log(e.message, e.code, e.syscall, e.address, e.port, e.errno, e instanceof Error));
client.on('close', () => log('close'));
