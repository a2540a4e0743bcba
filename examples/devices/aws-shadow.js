// A device that does what its shadow in AWS IoT Core wants, and reports it. Where
// the environment names certificate and key, the connection is by TLS.
//
//   AWS_CERT=device.pem AWS_KEY=device.key dunlin run examples/devices/aws-shadow.js -- HOST 8883 THING
const fs = require('fs');
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', thing = 'valve-7'] = process.argv.slice(2);
const { AWS_CERT, AWS_KEY } = process.env;
const tls = AWS_CERT ? { server: host, cert: fs.readString(AWS_CERT), key: fs.readString(AWS_KEY) } : undefined;
const shadow = `$aws/things/${thing}/shadow`;

const state = { open: false, interval: 300 };
let version = 0; // of the shadow that was applied last

function apply(client, wanted, of) {
  if (of <= version) {
    console.log(`version ${of} is older than ${version}`); // QoS 1 keeps no order across a lost connection
    return;
  }
  version = of;
  Object.assign(state, wanted);
  console.log(`version ${of}: ${JSON.stringify(wanted)}`);
  const reported = Object.fromEntries(Object.keys(wanted).map((name) => [name, state[name]]));
  client.publish(`${shadow}/update`, JSON.stringify({ state: { reported }, clientToken: thing }), { qos: 1 });
}

function message(client, { topic, message }) {
  const doc = JSON.parse(message.toString());
  switch (topic.slice(shadow.length)) {
    case '/get/accepted': // what differs stands apart, if anything does
      apply(client, doc.state.delta ?? {}, doc.version);
      break;
    case '/update/delta':
      apply(client, doc.state, doc.version);
      break;
    case '/get/rejected': case '/update/rejected':
      console.log(`refused: ${doc.message} (${doc.code})`);
  }
}

function start() {
  const client = mqtt.open(socket.sockaddr(host, Number(port)), tls);
  if (!client) {
    console.error(`no connection: ${mqtt.lastError.message}`);
    setTimeout(start, 5000);
    return;
  }
  client.on('message', (m) => {
    try {
      message(client, m);
    } catch (error) { // a payload that is not as it should be is no reason to end
      console.error(`${m.topic}: ${error.message}`);
    }
  });
  client.on('disconnect', () => setTimeout(start, 5000));
  client.connect({ client: thing, keepalive: 60 }, () => {
    const topics = ['get/accepted', 'get/rejected', 'update/delta', 'update/rejected'].map((t) => `${shadow}/${t}`);
    client.subscribe(topics, { qos: 1 }, (error) => {
      console.log(error ? error.message : 'watching');
      client.publish(`${shadow}/get`, '', { qos: 1 });
    });
  });
}

start();
