// TLS with an authority that is not known.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.TLS, { reconnectPeriod: 0 }), 'close', 'connect');
client.on('error', (e) => log(e.code, e.message));
