// Subscribe, with and without the messages that the broker has kept.
const mqtt = require('mqtt');
const socket = require('socket');

const client = mqtt.open(socket.sockaddr('127.0.0.1', 1883));

client.on('message', ({ topic, message, qos, retain }) => {
  console.log(`${topic}: ${message} (QoS ${qos}${retain ? ', kept' : ''})`);
  if (topic === 'room/2/light') {
    client.close();
  }
});

client.connect({ client: 'panel' }, () => {
  client.publish('room/1/light', 'on', { qos: 1, retain: true }, () => {
    // retain: true asks for what was published before.
    client.subscribe('room/+/light', { qos: 1, retain: true }, (error) => {
      console.log(error ? error.message : 'subscribed');
      client.publish('room/2/light', 'off', { qos: 1 });
    });
  });
});
