// The class Timer: one timer that beats, and one that is started again at each beat, so
// that it fires only when they stay away.
//
//   dunlin run examples/jsre/timer-heartbeat.js -- HOST PORT
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883'] = process.argv.slice(2);
const every = 100; // ms
const silence = 500;

const client = mqtt.open(socket.sockaddr(host, Number(port)), undefined, 5000);
if (!client) {
  console.log('no broker:', mqtt.lastError.message);
  process.exit(1);
}

const heart = new Timer();
const watch = new Timer();
let beats = 0;

function beat(topic) {
  client.publish(topic, String(++beats), { qos: 1 });
  if (beats === 3) {
    heart.stop();
  }
}

function silent() {
  console.log('silence');
  console.log(heart.isStopped() ? 'stopped' : `next beat in ${heart.remain()} ms`);
  client.close();
}

client.on('message', ({ message }) => {
  console.log(`beat ${message}`);
  watch.reset();
});
client.connect({ client: 'heart' }, () => client.subscribe('heart/beat', { qos: 1 }, () => {
  heart.start(every, every, beat, 'heart/beat'); // the first time, from then on, what, and with what
  watch.start(silence, silent);
}));
