// What the packets hold that are sent.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c' });
client.on('packetsend', (packet) => log('sent', packet));
client.on('packetreceive', (packet) => log('got', packet));
client.on('connect', () => client.subscribe('a', { qos: 1 }, () => client.publish('a', 'b', { qos: 1 }, () => client.unsubscribe('a', () => client.end()))));
