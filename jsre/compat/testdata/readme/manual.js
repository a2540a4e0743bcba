// A client that connects when it is told to, ends, and connects again.
const mqtt = require('mqtt');
const client = mqtt.connect(process.env.BROKER, { manualConnect: true });
let times = 0;
client.on('connect', () => {
  console.log('connect', client.connected, typeof client.getLastMessageId());
  client.end(() => ++times < 2 && client.reconnect());
});
client.on('reconnect', () => console.log('reconnect'));
client.connect();
