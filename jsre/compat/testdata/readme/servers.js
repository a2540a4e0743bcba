// A list of servers in the place of a URL.
const mqtt = require('mqtt');
const [, hostname, port] = process.env.BROKER.split(/:\/*/);
const client = mqtt.connect({ servers: [{ host: hostname, port: Number(port) }], keepalive: 30 });
client.on('connect', () => {
  console.log('connected', client.keepalive);
  client.end();
});
