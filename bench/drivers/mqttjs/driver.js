// Drives MQTT.js (MQTT 3.1.1); see package drive for how a driver is called.
'use strict';
const fs = require('fs');
const mqtt = require('mqtt');

const [work, url] = process.argv.slice(2);
const [size, warm, count] = process.argv.slice(4).map(Number);
const kind = work.replace(/\d.*/, '');
const qos = Number(/\d/.exec(work));
const window = work.endsWith('-window') ? Number(process.env.BENCH_N) || 65535 : 100; // 65535: no bound
const payload = Buffer.alloc(size);
let trips = [];
let floods = 0;

const now = () => Number(process.hrtime.bigint()) / 1e9;

function dial(id, connected) {
  const options = { clientId: id, protocolVersion: 4, reconnectPeriod: 0 };
  if (url.startsWith('tls')) options.ca = fs.readFileSync(process.env.BENCH_CA);
  const address = url.startsWith('ws') ? url + '/mqtt' : url.replace(/^tcp/, 'mqtt').replace(/^tls/, 'mqtts');
  const client = mqtt.connect(address, options);
  client.once('connect', () => connected(client));
  client.on('error', fail);
  return client;
}

function fail(error) {
  if (!error) return;
  console.error(error.message);
  process.exit(1);
}

// Each work calls done once n messages are through.
const works = {
  pub0(client, n, done) {
    let i = 0;
    (function some() { // gives way now and then, as a script must
      for (let k = 0; k < 1000 && i < n; k++, i++) client.publish('bench/topic', payload);
      if (i < n) setImmediate(some);
      else client.publish('fence', '', { qos: 1 }, (error) => { fail(error); done(); });
    })();
  },
  pub(client, n, done) {
    let sent = 0;
    let acknowledged = 0;
    const one = () => {
      sent++;
      client.publish('bench/topic', payload, { qos }, (error) => {
        fail(error);
        if (++acknowledged === n) done();
        else if (sent < n) one();
      });
    };
    for (let i = 0; i < window && sent < n; i++) one();
  },
  recv(client, n, done) {
    let got = 0;
    client.removeAllListeners('message');
    client.on('message', (topic, message) => { if (message.length === size && ++got === n) done(); });
    client.subscribe(`flood/${qos}/${size}/${n}/${++floods}`, { qos }, fail);
  },
  rtt0(client, n, done) {
    let start;
    const ping = () => { start = now(); client.publish('echo', payload); };
    client.removeAllListeners('message');
    client.on('message', () => {
      trips.push(now() - start);
      if (--n === 0) done();
      else ping();
    });
    client.subscribe('echo', (error) => { fail(error); ping(); });
  },
  rtt1(client, n, done) {
    (function ping() {
      const start = now();
      client.publish('bench/topic', payload, { qos: 1 }, (error) => {
        fail(error);
        trips.push(now() - start);
        if (--n === 0) done();
        else ping();
      });
    })();
  },
};

function report(start, n) {
  const r = { secs: now() - start, n };
  if (kind === 'pub' && qos > 0) r.inFlight = window;
  if (work.startsWith('rtt')) {
    trips.sort((a, b) => a - b);
    r.p50_us = trips[trips.length >> 1] * 1e6;
    r.p99_us = trips[Math.floor(trips.length * 0.99)] * 1e6;
  }
  console.log(JSON.stringify(r));
  process.stdin.on('end', () => process.exit(0)).resume();
}

function idle() {
  const n = Number(process.env.BENCH_N);
  dial('idle', () => {
    console.log('begin');
    const start = now();
    let i = 0;
    (function next() {
      if (i === n) report(start, n);
      else dial('idle' + i++, next);
    })();
  });
}

function main() {
  if (work === 'idle') return idle();
  const run = works[work] || works[kind];
  dial('bench', (client) => {
    const measured = () => {
      trips = [];
      console.log('begin');
      const start = now();
      run(client, count, () => report(start, count));
    };
    if (warm > 0) run(client, warm, measured);
    else measured();
  });
}

main();
