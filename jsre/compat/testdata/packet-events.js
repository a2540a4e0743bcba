// The packets that events show.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER), 'packetsend', 'packetreceive');
client.on('connect', () => client.subscribe('a', () => client.publish('a', 'b', { qos: 2 }, () => client.unsubscribe('a', () => client.end()))));
