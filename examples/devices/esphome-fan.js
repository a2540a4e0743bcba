// Run the bathroom fan by the humidity that an ESPHome node measures: on above
// one limit, off below a lower one, so that it does not flutter between.
//
//   dunlin run examples/devices/esphome-fan.js -- HOST PORT [NODE]
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', node = 'bathroom'] = process.argv.slice(2);
const on = 65; // percent
const off = 55;

let fan; // what the node says: 'ON' or 'OFF'
let online = false;

function command(client, wanted) {
  if (!online || fan === wanted) {
    return;
  }
  fan = wanted; // until the node says what it did
  console.log(`fan ${wanted}`);
  client.publish(`${node}/switch/fan/command`, wanted, { qos: 1 });
}

function message(client, { topic, message }) {
  const text = message.toString();
  switch (topic) {
    case `${node}/status`:
      online = text === 'online';
      console.log(`${node} is ${text}`);
      break;
    case `${node}/switch/fan/state`:
      fan = text;
      break;
    case `${node}/sensor/humidity/state`: {
      const humidity = Number(text); // 'nan' while the sensor is cold: neither limit holds
      if (humidity > on) {
        command(client, 'ON');
      } else if (humidity < off) {
        command(client, 'OFF');
      }
    }
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
  client.connect({ client: `${node}-fan` }, () => {
    const topics = ['status', 'switch/fan/state', 'sensor/humidity/state'].map((t) => `${node}/${t}`);
    client.subscribe(topics, { qos: 1, retain: true }, (error) => {
      console.log(error ? error.message : 'watching');
    });
  });
}

start();
