// Two filters match one message.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const id = process.env.ID;
const client = mqtt.connect(process.env.BROKER, { protocolVersion: 5 });
client.subscribe(id + '/#', { properties: { subscriptionIdentifier: 1 } });
client.subscribe(id + '/+', { properties: { subscriptionIdentifier: 2 } }, () => client.publish(id + '/a', 'x', { qos: 1 }, () => client.end()));
client.on('message', (topic, message, packet) => log(topic, [].concat(packet.properties.subscriptionIdentifier).sort()));
