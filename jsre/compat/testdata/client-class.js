// A client that is made by its class.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const net = require('net');
const [, , port] = process.env.SERVER.split(/:\/*/);
const client = trace(new mqtt.MqttClient(() => net.connect(Number(port), '127.0.0.1'), { clientId: 'c' }));
client.on('connect', () => client.end());
