// Switch a Shelly (Gen2 or later) by JSON-RPC over MQTT, and ask it how much it
// draws then.
//
//   dunlin run examples/devices/shelly2-switch.js -- HOST PORT DEVICE on|off [SWITCH]
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', device = 'shellyplus1pm-0200000000c3', to = 'on', number = '0'] =
  process.argv.slice(2);
const me = 'boiler-switch'; // answers come to the topic me/rpc
const patience = 5000; // ms

const waiting = new Map(); // by the request's id
let lastId = 0;

// call sends a request and promises the result that the device answers with.
function call(client, method, params) {
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${device} does not answer`)), patience);
    waiting.set(id, ({ result, error }) => {
      clearTimeout(timer);
      waiting.delete(id);
      error ? reject(new Error(`${error.message} (${error.code})`)) : resolve(result);
    });
    client.publish(`${device}/rpc`, JSON.stringify({ id, src: me, method, params }), { qos: 1 });
  });
}

async function work(client) {
  const id = Number(number);
  try {
    const { was_on: before } = await call(client, 'Switch.Set', { id, on: to === 'on' });
    const { output, apower } = await call(client, 'Switch.GetStatus', { id });
    const draws = apower === undefined ? 'has no meter' : `draws ${apower} W`;
    console.log(`was ${before ? 'on' : 'off'}, is ${output ? 'on' : 'off'}, ${draws}`);
  } catch (error) {
    console.log(`failed: ${error.message}`);
    process.exitCode = 1;
  }
  client.close();
}

const client = mqtt.open(socket.sockaddr(host, Number(port)));
if (!client) {
  console.error(`no broker: ${mqtt.lastError.message}`);
  process.exit(1);
}
client.on('message', ({ message }) => {
  try {
    const answer = JSON.parse(message.toString());
    waiting.get(answer.id)?.(answer);
  } catch (error) { // not from a Shelly
    console.error(`answer ignored: ${error.message}`);
  }
});
client.connect({ client: me }, () => {
  client.subscribe(`${me}/rpc`, { qos: 1 }, () => work(client));
});
