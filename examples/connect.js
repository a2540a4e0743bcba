// Everything that connect can be told, a will included: the broker publishes it
// when this client goes without a word.
const mqtt = require('mqtt');
const socket = require('socket');

const client = mqtt.open(socket.sockaddr('127.0.0.1', 1883));

client.on('error', (error) => {
  console.log('refused:', error.message);
});
client.connect(
  {
    client: 'boiler-7',
    user: 'boiler',
    passwd: 'warm',
    keepalive: 20,
    will: true,
    topic: 'boiler/7/state',
    message: 'offline',
    qos: 1,
    willRetain: true,
  },
  (client) => {
    console.log('accepted:', client.isConnected());
    client.close(); // says goodbye, so there is no will
  },
);
