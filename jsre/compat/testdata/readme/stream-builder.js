// The class, with a stream of the script's own making.
const mqtt = require('mqtt');
const net = require('net');
const [, hostname, port] = process.env.BROKER.split(/:\/*/);
const client = new mqtt.Client(() => net.connect(Number(port), hostname), { reconnectPeriod: 0 });
client.on('connect', () => {
  console.log('connected');
  client.end();
});
