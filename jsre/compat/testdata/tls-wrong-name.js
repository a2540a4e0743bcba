// TLS with a certificate for another name.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const fs = require('fs');
const client = trace(mqtt.connect(process.env.TLS, { ca: fs.readFileSync(process.env.CA), servername: 'other.example', reconnectPeriod: 0 }), 'close', 'connect');
client.on('error', (e) => log(e.code));
