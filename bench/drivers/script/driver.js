// The works as a script for `dunlin run`; see package drive for how a driver is called.
'use strict';
const mqtt = require('mqtt');
const socket = require('socket');

const [work, url] = process.argv.slice(2);
const [size, warm, count] = process.argv.slice(4).map(Number);
const kind = work.replace(/\d.*/, '');
const qos = Number(/\d/.exec(work));
const window = work.endsWith('-window') ? Number(process.env.BENCH_N) || 65535 : 100; // 65535: no bound
const [scheme, host, port] = url.split(/:\/\/|:/);
const payload = Buffer.alloc(size);
let trips = [];
let floods = 0;

function now() {
  const [s, ns] = process.hrtime();
  return s + ns / 1e9;
}

function fail(error) {
  if (error) throw error;
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
    client.on('message', ({ message }) => { if (message.length === size && ++got === n) done(); });
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

function report(start) {
  const r = { secs: now() - start, n: count };
  if (kind === 'pub' && qos > 0) r.inFlight = qos === 2 ? Math.min(window, 19) : window; // what a script is held to
  if (work.startsWith('rtt')) {
    trips.sort((a, b) => a - b);
    r.p50_us = trips[trips.length >> 1] * 1e6;
    r.p99_us = trips[Math.floor(trips.length * 0.99)] * 1e6;
  }
  console.log(JSON.stringify(r)); // the open connection keeps the script alive until it is stopped
}

function main() {
  const run = works[work] || works[kind];
  const tls = scheme === 'tls' ? { ca: require('fs').readString(process.env.BENCH_CA) } : undefined;
  const client = mqtt.open(socket.sockaddr(host, Number(port)), tls);
  if (!client) throw new Error(mqtt.lastError);
  client.on('disconnect', fail);
  client.connect({ client: 'bench' }, () => {
    const measured = () => {
      trips = [];
      console.log('begin');
      const start = now();
      run(client, count, () => report(start));
    };
    if (warm > 0) run(client, warm, measured);
    else measured();
  });
}

main();
