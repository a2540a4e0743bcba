// TLS with an authority of one's own.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const fs = require('fs');
const topic = process.env.ID + '/tls';
const client = trace(mqtt.connect(process.env.TLS, { ca: fs.readFileSync(process.env.CA) }));
client.subscribe(topic, () => client.publish(topic, 'by TLS'));
client.on('message', () => client.end());
