// A provider of the script's own.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

let next = 100;
const calls = [];
const messageIdProvider = {
  allocate: () => { calls.push('allocate'); return next++; },
  getLastAllocated: () => next - 1,
  register: (id) => { calls.push('register ' + id); return true; },
  deallocate: (id) => calls.push('deallocate ' + id),
  clear: () => calls.push('clear'),
};
const client = mqtt.connect(process.env.SERVER, { messageIdProvider });
client.on('connect', () => client.subscribe('a', () => client.publish('a', 'b', { qos: 1 }, () => client.end(() => log(calls)))));
