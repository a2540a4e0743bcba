// A list of servers in the place of a URL.
const mqtt = require('mqtt');
const { hostname, port } = new URL(process.env.BROKER.replace('mqtt:', 'http:'));
const client = mqtt.connect({ servers: [{ host: hostname, port: Number(port) }], keepalive: 30 });
client.on('connect', () => {
  console.log('connected', client.keepalive);
  client.end();
});
