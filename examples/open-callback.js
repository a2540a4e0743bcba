// Open a connection without waiting for it: the script goes on meanwhile.
const dns = require('dns');
const mqtt = require('mqtt');
const socket = require('socket');

// A scheme in front of the host is dropped.
const host = dns.lookup('mqtt://localhost');

mqtt.open(socket.sockaddr(host, 1883), undefined, (client, remote) => {
  if (!remote) {
    console.log('no broker:', mqtt.lastError.code);
    return;
  }
  console.log(`connected to ${remote.addr}`);
  client.close();
});
console.log('connecting');
