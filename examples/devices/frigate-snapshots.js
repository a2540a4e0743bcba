// Keep the pictures that Frigate takes of people, and tell who entered a zone.
//
//   dunlin run examples/devices/frigate-snapshots.js -- HOST PORT [FOLDER] [LABEL]
const fs = require('fs');
const mqtt = require('mqtt');
const path = require('path');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', folder = 'snapshots', label = 'person'] = process.argv.slice(2);
fs.mkdir(folder, { recursive: true });

function save(camera, picture) {
  const time = new Date().toISOString().replace(/[:.]/g, '-');
  const file = path.join(folder, `${camera}-${label}-${time}.jpg`);
  fs.writeFile(file, picture);
  console.log(`${camera}: ${picture.length} bytes in ${path.basename(file).slice(0, `${camera}-${label}`.length)}`);
}

function message(client, { topic, message }) {
  const [, camera, , last] = topic.split('/');
  if (last === 'snapshot') {
    save(camera, message);
    return;
  }
  const { before, after } = JSON.parse(message.toString());
  const entered = after.entered_zones.filter((zone) => !before.entered_zones.includes(zone));
  if (after.label === label && entered.length > 0) {
    const text = `${label} at ${entered.join(', ')} (${after.camera}, ${Math.round(after.score * 100)} %)`;
    console.log(text);
    client.publish('home/alerts/camera', text, { qos: 1 });
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
  client.connect({ client: 'frigate-snapshots' }, () => {
    // Without retain: the last picture of each camera was taken long ago.
    client.subscribe(['frigate/events', `frigate/+/${label}/snapshot`], { qos: 1 }, (error) => {
      console.log(error ? error.message : 'watching');
    });
  });
}

start();
