// A device of Azure IoT Hub: does what its twin desires, answers direct methods,
// prints messages from the cloud. Name and token come from the environment.
//
//   AZURE_HUB=name.example AZURE_TOKEN='SharedAccessSignature ...' \
//     dunlin run examples/devices/azure-twin.js -- HOST 8883 DEVICE
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', device = 'pump-3'] = process.argv.slice(2);
const { AZURE_HUB: hub, AZURE_TOKEN: passwd } = process.env;
const tls = passwd ? { server: host } : undefined;
const user = hub && `${hub}/${device}/?api-version=2021-04-12`;

const methods = {
  restart: ({ delay = 0 }) => ({ restarting: `in ${delay} s` }),
};
let lastRequest = 0;

// report sends properties that the twin shall have as reported.
function report(client, { $version, ...desired }) {
  console.log(`desired ${$version}: ${JSON.stringify(desired)}`);
  client.publish(`$iothub/twin/PATCH/properties/reported/?$rid=${++lastRequest}`, JSON.stringify(desired), { qos: 1 });
}

// invoke returns the status and the result of a method, which always gets an answer.
function invoke(name, text) {
  if (!methods[name]) {
    return [404, { error: `no method ${name}` }];
  }
  try {
    return [200, methods[name](JSON.parse(text || '{}'))];
  } catch (error) {
    return [400, { error: error.message }];
  }
}

function call(client, name, id, text) {
  const [status, result] = invoke(name, text);
  console.log(`${name}: ${status}`);
  client.publish(`$iothub/methods/res/${status}/?$rid=${id}`, JSON.stringify(result), { qos: 1 });
}

function message(client, { topic, message }) {
  const text = message.toString();
  const [path, query = ''] = topic.split('?');
  const words = path.split('/');
  if (words[1] === 'methods') {
    call(client, words[3], query.slice('$rid='.length), text);
  } else if (words[2] === 'PATCH') {
    report(client, JSON.parse(text));
  } else if (words[2] === 'res') {
    if (words[3] === '200') {
      report(client, JSON.parse(text).desired); // the answer to GET
    } else {
      console.log(`reported: ${words[3]}`);
    }
  } else { // devices/DEVICE/messages/devicebound/PROPERTIES
    const properties = topic.split('/')[4].split('&').map(decodeURIComponent);
    console.log(`${text} (${properties.filter((p) => !p.startsWith('$.')).join(', ')})`);
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
  client.connect({ client: device, user, passwd }, () => {
    const filters = ['$iothub/twin/res/#', '$iothub/twin/PATCH/properties/desired/#', '$iothub/methods/POST/#'];
    client.subscribe([...filters, `devices/${device}/messages/devicebound/#`], { qos: 1 }, (error) => {
      console.log(error ? error.message : 'watching');
      client.publish(`$iothub/twin/GET/?$rid=${++lastRequest}`, '', { qos: 1 });
    });
  });
}

start();
