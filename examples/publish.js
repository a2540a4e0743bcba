// Publish in the three qualities of service.
const mqtt = require('mqtt');
const socket = require('socket');

const client = mqtt.open(socket.sockaddr('127.0.0.1', 1883));

client.connect({ client: 'meter' }, () => {
  // QoS 0: sent once, perhaps lost.
  client.publish('meter/power', '1250');

  // QoS 1: the callback comes with the broker's acknowledgement.
  client.publish('meter/energy', Buffer.from('88.2'), { qos: 1 }, (error) => {
    console.log('energy:', error ? error.message : 'acknowledged');
  });

  // QoS 2, kept by the broker for those who subscribe later.
  client.publish('meter/serial', 'A-0042', { qos: 2, retain: true }, (error) => {
    console.log('serial:', error ? error.message : 'arrived exactly once');
    console.log('still queued:', client.isQueued());
    client.close();
  });
});
