// The import of all names, and await at the top.
import * as mqtt from 'mqtt';

const client = await mqtt.connectAsync(process.env.BROKER);
const topic = process.env.ID + '/all';
console.log(await client.subscribeAsync(topic, { qos: 1 }));
client.on('message', (topic, message) => console.log(topic, message.toString()));
await client.publishAsync(topic, 'from a module', { qos: 1 });
await client.endAsync();
