// Log what Tasmota plugs measure into a CSV file: time, device, power, total.
//
//   dunlin run examples/devices/tasmota-energy.js -- HOST PORT [FILE]
const fs = require('fs');
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', file = 'energy.csv'] = process.argv.slice(2);

if (!fs.exists(file)) {
  fs.writeFile(file, 'time,device,watt,kilowatt hours\n');
}

// quote makes a field of CSV: a device may have a comma in its name, and one with several meters has a list of powers.
function quote(value) {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function message({ topic, message }) {
  const device = topic.split('/')[1];
  if (topic.endsWith('/LWT')) {
    console.log(`${device} is ${message.toString().toLowerCase()}`);
    return;
  }
  const { Time, ENERGY } = JSON.parse(message.toString());
  if (ENERGY) { // other sensors have no meter
    fs.appendFile(file, `${Time},${quote(device)},${quote(ENERGY.Power)},${ENERGY.Total}\n`);
    console.log(`${device}: ${ENERGY.Power} W`);
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
      message(m);
    } catch (error) { // a payload that is not as it should be is no reason to end
      console.error(`${m.topic}: ${error.message}`);
    }
  });
  client.on('disconnect', () => setTimeout(start, 5000));
  client.connect({ client: 'tasmota-energy' }, () => {
    client.subscribe(['tele/+/SENSOR', 'tele/+/LWT'], { qos: 1 }, (error) => {
      console.log(error ? error.message : 'watching');
    });
  });
}

start();
