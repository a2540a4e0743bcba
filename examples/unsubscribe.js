// End one of two subscriptions.
const mqtt = require('mqtt');
const socket = require('socket');

const client = mqtt.open(socket.sockaddr('127.0.0.1', 1883));

client.on('message', ({ topic }) => {
  console.log('got', topic);
  if (topic === 'news/weather') {
    client.close();
  }
});

client.connect({ client: 'reader' }, () => {
  client.subscribe(['news/sport', 'news/weather'], { qos: 1 }, () => {
    client.unsubscribe('news/sport', (error) => {
      console.log(error ? error.message : 'no more sport');
      client.publish('news/sport', '3:2', { qos: 1 });
      client.publish('news/weather', 'rain', { qos: 1 });
    });
  });
});
