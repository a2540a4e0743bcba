// TLS with an authority and a certificate of one's own: the broker shows that it is the
// right one, and so does this client.
//
//   dunlin run examples/jsre/tls-certificate.js -- HOST PORT ca.pem [client.pem key.pem]
const fs = require('fs');
const mqtt = require('mqtt');
const socket = require('socket');

const [host = 'localhost', port = '8883', ca, cert, key] = process.argv.slice(2);
const options = {
  server: host, // the name that must be in the broker's certificate
  ca: ca && fs.readString(ca),
  cert: cert && fs.readString(cert),
  key: key && fs.readString(key),
};

const client = mqtt.open(socket.sockaddr(host, Number(port)), options, (client, remote) => {
  if (!remote) {
    console.log('no connection:', mqtt.lastError.code);
    process.exit(1);
  }
  client.connect({ client: 'vault' }, () => {
    client.subscribe('vault/door', { qos: 1 }, () => client.publish('vault/door', 'shut', { qos: 1 }));
  });
});
client.on('message', ({ topic, message }) => {
  console.log(`${topic}: ${message}`);
  client.close();
});
client.on('error', (error) => {
  console.log('refused:', error.code, error.reason);
  process.exit(1);
});
