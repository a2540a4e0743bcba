// A device that reports once a second and hears its own reports.
//
//   dunlin run --broker examples/quickstart.js
//
// It finds its broker again whenever the connection is lost.
const iosched = require('iosched');
const mqtt = require('mqtt');
const socket = require('socket');

const broker = socket.sockaddr('127.0.0.1', 1883);
const topic = '/testing';
const retryAfter = 2000; // ms

let client;
let reports = 0;

function start() {
  client = mqtt.open(broker, undefined, 5000);
  if (!client) {
    console.error(`no broker at ${broker.addr}:${broker.port}: ${mqtt.lastError.message}`);
    setTimeout(start, retryAfter);
    return;
  }

  client.on('message', ({ topic, message }) => console.log(`${topic}: ${message}`));
  client.on('disconnect', () => {
    console.error('connection lost, trying again');
    setTimeout(start, retryAfter);
  });

  client.connect({ client: 'quickstart', keepalive: 30 }, () => {
    client.subscribe(topic, { qos: 1 }, (error) => {
      console.log(error ? `not subscribed: ${error.message}` : `subscribed to ${topic}`);
    });
  });
}

function report() {
  if (client && client.isConnected()) {
    client.publish(topic, `report ${reports++}`);
  }
}

setImmediate(start);
setInterval(report, 1000);
iosched.forever();
