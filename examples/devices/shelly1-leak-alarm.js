// Alarm for water: when a Shelly flood sensor (Gen1) gets wet, close the valve
// that a Shelly relay holds open, and say so until all sensors are dry.
//
//   dunlin run examples/devices/shelly1-leak-alarm.js -- HOST PORT [VALVE]
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', valve = 'shelly1pm-0000B2'] = process.argv.slice(2);
const wet = new Set();

function flood(client, sensor, isWet) {
  if (isWet === wet.has(sensor)) {
    return; // known already
  }
  if (isWet) {
    wet.add(sensor);
    client.publish(`shellies/${valve}/relay/0/command`, 'off', { qos: 1 });
  } else {
    wet.delete(sensor);
  }
  const state = wet.size > 0 ? `wet: ${[...wet].join(', ')}` : 'dry';
  console.log(state);
  // Kept, so that a panel that is switched on later shows it.
  client.publish('home/alarm/water', state, { qos: 1, retain: true });
}

function message(client, { topic, message }) {
  const [, sensor, what] = topic.split('/');
  const value = message.toString() === 'true';
  if (what === 'online') {
    if (!value && wet.has(sensor)) {
      console.log(`${sensor} is gone while it is wet`);
    }
    return;
  }
  flood(client, sensor, value);
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
  client.connect({ client: 'leak-alarm' }, () => {
    client.subscribe(['shellies/+/sensor/flood', 'shellies/+/online'], { qos: 1, retain: true }, (error) => {
      console.log(error ? error.message : 'watching');
    });
  });
}

start();
