// Show a temperature of this machine in Home Assistant, which finds the sensor
// by itself. The file holds thousandths of a degree, as Linux has them.
//
//   dunlin run examples/devices/homeassistant-temperature.js -- HOST PORT [FILE] [NAME]
const fs = require('fs');
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', file = '/sys/class/thermal/thermal_zone0/temp', name = 'server'] =
  process.argv.slice(2);
const status = `${name}/status`;
const state = `${name}/temperature`;
const every = 60000; // ms

function announce(client) {
  const config = {
    name: 'Temperature',
    unique_id: `${name}_temperature`,
    device_class: 'temperature',
    state_class: 'measurement',
    unit_of_measurement: '°C',
    state_topic: state,
    availability_topic: status,
    device: { identifiers: [name], name },
    origin: { name: 'homeassistant-temperature.js' },
  };
  client.publish(`homeassistant/sensor/${name}/temperature/config`, JSON.stringify(config), { qos: 1, retain: true });
  client.publish(status, 'online', { qos: 1, retain: true });
}

function report(client) {
  const degrees = Number(fs.readString(file)) / 1000;
  client.publish(state, degrees.toFixed(1), { qos: 1 });
}

function start() {
  const client = mqtt.open(socket.sockaddr(host, Number(port)));
  if (!client) {
    console.error(`no broker: ${mqtt.lastError.message}`);
    setTimeout(start, 5000);
    return;
  }
  const timer = setInterval(() => client.isConnected() && report(client), every);
  client.on('disconnect', () => {
    clearInterval(timer);
    setTimeout(start, 5000);
  });
  // Home Assistant says 'online' when it has started: it wants to hear all again.
  client.on('message', ({ message }) => {
    console.log(`Home Assistant is ${message}`);
    if (message.toString() === 'online') {
      announce(client);
      report(client);
    }
  });
  const will = { will: true, topic: status, message: 'offline', qos: 1, willRetain: true };
  client.connect({ client: `${name}-temperature`, ...will }, () => {
    announce(client);
    report(client);
    client.subscribe('homeassistant/status', { qos: 1 }, (error) => console.log(error ? error.message : 'watching'));
  });
}

start();
