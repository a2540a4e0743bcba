// Open a connection over TLS, to a broker whose certificate is signed by an
// authority of one's own.
//
//   dunlin run examples/open-tls.js -- broker.example 8883 ca.pem
const fs = require('fs');
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '8883', caFile] = process.argv.slice(2);
const options = {
  rejectUnauthorized: true, // a certificate that cannot be verified ends it here
  ca: caFile ? fs.readString(caFile) : undefined, // without one: the system's authorities
  server: host, // the name that must be in the certificate
};

const client = mqtt.open(socket.sockaddr(host, Number(port)), options, 3000);
if (client) {
  console.log('open');
  client.close();
} else {
  console.log('no connection:', mqtt.lastError.message);
}
