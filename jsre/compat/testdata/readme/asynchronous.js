// The asynchronous forms of all calls.
const mqtt = require('mqtt');
async function main() {
  const topic = process.env.ID + '/async';
  const client = await mqtt.connectAsync(process.env.BROKER);
  console.log(await client.subscribeAsync(topic, { qos: 2 }));
  const arrived = new Promise((resolve) => client.once('message', (topic, message) => resolve(message.toString())));
  const packet = await client.publishAsync(topic, 'text', { qos: 2 });
  console.log(packet.cmd, await arrived);
  console.log((await client.unsubscribeAsync(topic)).cmd);
  await client.endAsync();
  console.log(client.connected, client.reconnecting);
}
main();
