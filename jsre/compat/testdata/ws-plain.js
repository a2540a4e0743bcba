// WebSocket.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const topic = process.env.ID + '/ws';
const client = trace(mqtt.connect(process.env.WS));
client.subscribe(topic, () => client.publish(topic, 'by websocket'));
client.on('message', () => client.end());
