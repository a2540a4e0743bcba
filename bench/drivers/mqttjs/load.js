// A load generator of MQTT.js (MQTT 3.1.1): node load.js PACE pub|sub URL QOS SIZE CLIENTS WINDOW TOPIC, until it is killed.
// PACE is "window": each client has WINDOW messages under way, or "timer": each publishes by a timer of its own that is due
// each millisecond, which is the shortest that Node.js has. In TOPIC %d is the number of the client.
'use strict';
const mqtt = require('mqtt');

const [pace, kind, url, topic] = [2, 3, 4, 9].map((i) => process.argv[i]);
const [qos, size, clients, window] = process.argv.slice(5, 9).map(Number);
const payload = Buffer.alloc(size, 'x');

function fail(error) {
  if (!error) return;
  console.error(error.message);
  process.exit(1);
}

let connected = 0;
let begin;
const all = new Promise((resolve) => { begin = resolve; });
for (let i = 1; i <= clients; i++) {
  const client = mqtt.connect(url, { clientId: `load-${i}`, protocolVersion: 4, reconnectPeriod: 0 });
  const own = topic.replace('%d', i);
  client.on('error', fail);
  client.once('connect', () => {
    if (++connected === clients) begin();
    if (kind === 'sub') {
      client.on('message', () => {});
      client.subscribe(own, { qos }, fail);
      return;
    }
    const one = (then) => client.publish(own, payload, { qos }, (error) => { fail(error); then(); });
    all.then(() => {
      if (pace === 'timer') setInterval(() => one(() => {}), 1);
      else for (let k = 0; k < window; k++) (function again() { one(again); })();
    });
  });
}
