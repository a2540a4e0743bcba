// The paths of the table of instructions as a script for `dunlin run`, called as
//   dunlin run script.js -- PATH HOST PORT COUNT
// A burst at a time, as in library/main.go.
'use strict';
const mqtt = require('mqtt');
const socket = require('socket');

const burst = 100;
const [path, host] = process.argv.slice(2);
const [port, count] = process.argv.slice(4).map(Number);
const qos = Number(path.slice(-1));
const payload = Buffer.alloc(64);

function fail(error) {
  if (error) throw error;
}

const paths = {
  // Only the last message of a burst tells when it was written.
  pub0(client, done) {
    let sent = 0;
    (function next() {
      for (let i = 1; i < burst; i++) client.publish('instructions/publish', payload);
      sent += burst;
      client.publish('instructions/publish', payload, { qos: 0 }, (error) => {
        fail(error);
        if (sent === count) done();
        else next();
      });
    })();
  },
  pub1(client, done) {
    let acknowledged = 0;
    (function next() {
      for (let i = 0; i < burst; i++) {
        client.publish('instructions/publish', payload, { qos: 1 }, (error) => {
          fail(error);
          acknowledged++;
          if (acknowledged === count) done();
          else if (acknowledged % burst === 0) next();
        });
      }
    })();
  },
  recv(client, done) {
    let got = 0;
    client.on('message', ({ message }) => {
      if (message.length !== payload.length) throw new Error('another message came than was sent');
      got++;
      if (got === count) done();
      else if (got % burst === 0) client.publish('next', '');
    });
    client.subscribe('flood', { qos }, fail);
  },
};

const client = mqtt.open(socket.sockaddr(host, port));
if (!client) throw new Error(mqtt.lastError);
client.on('disconnect', fail);
client.connect({ client: 'instructions' }, () => {
  (paths[path] || paths.recv)(client, () => { client.close(); });
});
