// A device that does the jobs that AWS IoT has for it, one after the other, and
// tells how each went.
//
//   AWS_CERT=device.pem AWS_KEY=device.key dunlin run examples/devices/aws-jobs.js -- HOST 8883 THING
const fs = require('fs');
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', thing = 'valve-7'] = process.argv.slice(2);
const { AWS_CERT, AWS_KEY } = process.env;
const tls = AWS_CERT ? { server: host, cert: fs.readString(AWS_CERT), key: fs.readString(AWS_KEY) } : undefined;
const jobs = `$aws/things/${thing}/jobs`;

// What this device can do, by the operation that a job names.
const operations = {
  flush: async ({ seconds }) => ({ flushed: String(seconds) }),
};

const taken = new Set(); // jobs that were begun: one may be told of twice

async function run(client, { jobId, versionNumber, jobDocument }) {
  if (taken.has(jobId)) {
    return;
  }
  taken.add(jobId);
  const tell = (status, statusDetails) => {
    console.log(`${jobId}: ${status}`);
    const update = { status, statusDetails, expectedVersion: versionNumber++, clientToken: thing };
    client.publish(`${jobs}/${jobId}/update`, JSON.stringify(update), { qos: 1 });
  };
  const operation = operations[jobDocument.operation];
  if (!operation) {
    tell('REJECTED', { reason: `no operation ${jobDocument.operation}` });
    return;
  }
  tell('IN_PROGRESS');
  try {
    tell('SUCCEEDED', await operation(jobDocument));
  } catch (error) {
    tell('FAILED', { reason: error.message });
  }
}

function message(client, { topic, message }) {
  const doc = JSON.parse(message.toString());
  if (topic.endsWith('/rejected')) {
    console.log(`refused: ${doc.message} (${doc.code})`);
  } else if (doc.execution?.jobId) {
    run(client, doc.execution).catch((error) => console.error(`${topic}: ${error.message}`));
  } else {
    console.log('nothing to do');
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
    client.subscribe([`${jobs}/notify-next`, `${jobs}/+/update/rejected`, `${jobs}/$next/get/accepted`], { qos: 1 }, (error) => {
      console.log(error ? error.message : 'watching');
      client.publish(`${jobs}/$next/get`, JSON.stringify({ clientToken: thing }), { qos: 1 });
    });
  });
}

start();
