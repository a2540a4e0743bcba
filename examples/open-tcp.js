// Open a connection over TCP, and wait for it.
const mqtt = require('mqtt');
const socket = require('socket');

const address = socket.sockaddr('127.0.0.1', 1883);
const client = mqtt.open(address, undefined, 3000); // wait at most three seconds

if (client) {
  console.log('open');
  client.close();
} else {
  console.log('no broker:', mqtt.lastError.code);
}
