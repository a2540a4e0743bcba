// Messages one at a time.
const mqtt = require('mqtt');
const topic = process.env.ID + '/slow';
const client = mqtt.connect(process.env.BROKER);
let busy = 0;
let count = 0;
client.handleMessage = (packet, callback) => {
  console.log(packet.payload.toString(), 'busy', busy++);
  setTimeout(() => {
    busy--;
    callback();
    if (++count === 3) client.end();
  }, 10);
};
client.subscribe(topic, { qos: 1 }, () => {
  for (const text of ['1', '2', '3']) client.publish(topic, text, { qos: 1 });
});
