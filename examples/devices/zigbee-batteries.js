// Watch over the devices of Zigbee2MQTT: batteries that run low, devices that
// fall silent. Each low battery is told once, until it has been changed.
//
//   dunlin run examples/devices/zigbee-batteries.js -- HOST PORT [PERCENT]
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', percent = '20'] = process.argv.slice(2);
const limit = Number(percent);
const base = 'zigbee2mqtt/';
const low = new Set(); // devices that were told

function message(client, { topic, message }) {
  let name = topic.slice(base.length);
  if (name.startsWith('bridge/') || /\/[sg]et$/.test(name)) { // not of a device, or for one
    return;
  }
  const state = JSON.parse(message.toString());
  if (name.endsWith('/availability')) {
    name = name.slice(0, -'/availability'.length);
    if (state.state === 'offline') {
      console.log(`${name} is silent`);
    }
    return;
  }
  if (state.battery < limit && !low.has(name)) {
    low.add(name);
    console.log(`${name}: battery at ${state.battery} %`);
    client.publish('home/alerts/battery', JSON.stringify({ device: name, battery: state.battery }), { qos: 1 });
  } else if (state.battery >= limit + 5) {
    low.delete(name);
  }
}

function start() {
  const client = mqtt.open(socket.sockaddr(host, Number(port)));
  if (!client) {
    console.error(`no broker: ${mqtt.lastError.message}`);
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
  client.connect({ client: 'zigbee-batteries' }, () => {
    // retain: true brings what the bridge said before this script came.
    client.subscribe(`${base}#`, { qos: 1, retain: true }, (error) => {
      console.log(error ? error.message : 'watching');
    });
  });
}

start();
