// The first server of the list is closed to us, so the second is tried.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const [, hostname, port] = process.env.SERVER.split(/:\/*/);
const client = trace(mqtt.connect({ servers: [{ host: '127.0.0.1', port: 1 }, { host: hostname, port: Number(port) }], reconnectPeriod: 10, clientId: 's' }));
client.on('connect', () => client.end());
