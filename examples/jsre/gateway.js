// A gateway: what comes from its sensors goes out in order, also what came while the
// broker was away. It tries again after a pause that doubles up to a limit.
//
//   dunlin run examples/jsre/gateway.js -- HOST PORT
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883'] = process.argv.slice(2);
const address = socket.sockaddr(host, Number(port));
const shortest = 100; // ms
const longest = 2000;
const mostWaiting = 1000; // readings; the oldest ones go first

const waiting = [];
let pause = shortest;
let client; // while connected
let sending = false;

function connect() {
  const opened = mqtt.open(address, undefined, (opened, remote) => {
    if (!remote) {
      console.log(`no broker, ${waiting.length} readings wait`);
      again();
      return;
    }
    opened.connect({ client: 'gateway', keepalive: 10 }, () => {
      console.log('connected');
      pause = shortest;
      client = opened;
      send();
    });
  });
  opened.on('disconnect', () => {
    console.log('lost');
    client = undefined;
    sending = false;
    again();
  });
}

function again() {
  setTimeout(connect, pause);
  pause = Math.min(2 * pause, longest);
}

// send publishes the oldest reading, and the next when the broker has it.
function send() {
  if (!client || sending || waiting.length === 0) {
    return;
  }
  sending = true;
  client.publish('gateway/readings', JSON.stringify(waiting[0]), { qos: 1 }, (error) => {
    if (error) {
      return; // event disconnect follows; the reading stays
    }
    sending = false;
    waiting.shift();
    send();
  });
}

let number = 0;
setInterval(() => {
  waiting.push({ number: number++, celsius: 20 + Math.sin(number / 10) });
  if (waiting.length > mostWaiting) {
    waiting.shift();
  }
  send();
}, 50);

connect();
