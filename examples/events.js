// A listener for every event of a client. The second client takes over the first
// one's name, so that the broker drops the first. How it drops it depends on the
// broker: from Mosquitto you see `close` and then `disconnect`, from `dunlin run
// --broker` only `disconnect`. You see `error` only when something fails.
const mqtt = require('mqtt');
const socket = require('socket');

const address = socket.sockaddr('127.0.0.1', 1883);
const first = mqtt.open(address);

first.on('connect', () => console.log('connect'));
first.on('message', ({ topic, message }) => console.log('message', topic, message.toString()));
first.on('error', (error) => console.log('error', error.code));
first.on('close', () => console.log('close'));
first.on('disconnect', () => console.log('disconnect'));

first.connect({ client: 'twin' }, () => {
  first.subscribe('hello', () => {
    first.publish('hello', 'world', { qos: 1 }, () => {
      const second = mqtt.open(address);
      second.connect({ client: 'twin' }, () => setTimeout(() => second.close(), 200));
    });
  });
});
