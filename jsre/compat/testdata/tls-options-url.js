// TLS by the protocol of the options.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const fs = require('fs');
const [, , port] = process.env.TLS.split(/:\/*/);
const client = trace(mqtt.connect({ protocol: 'mqtts', host: 'localhost', port: Number(port), ca: [fs.readFileSync(process.env.CA)] }));
client.on('connect', () => client.end());
