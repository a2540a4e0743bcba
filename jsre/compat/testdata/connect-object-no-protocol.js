// An object without a protocol.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const [, hostname, port] = process.env.SERVER.split(/:\/*/);
const client = trace(mqtt.connect({ hostname, host: hostname, port, clientId: 'object' }));
log(client.options.protocol);
client.on('connect', () => client.end());
