// handleMessage with an error: no acknowledgement.
// on SUBSCRIBE: default; 32 07 0001 "a" 0009 "hi"
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER), 'message', 'error');
client.handleMessage = (packet, callback) => callback(new Error('no'));
client.subscribe('a');
client.on('message', () => setTimeout(() => client.end(), 50));
