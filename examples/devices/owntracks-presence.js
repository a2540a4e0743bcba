// Who is at home? Turn the reports of OwnTracks into one word a person, and one
// for the house, which are kept by the broker.
//
//   dunlin run examples/devices/owntracks-presence.js -- HOST PORT [REGION]
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', region = 'home'] = process.argv.slice(2);
const where = new Map(); // 'home' or 'away' by person

function set(client, person, place) {
  if (where.get(person) === place) {
    return;
  }
  where.set(person, place);
  console.log(`${person} is ${place}`);
  client.publish(`presence/${person}`, place, { qos: 1, retain: true });
  const anyone = [...where.values()].includes('home') ? 'home' : 'away';
  client.publish('presence/anyone', anyone, { qos: 1, retain: true });
}

function message(client, { topic, message }) {
  const person = topic.split('/')[1];
  const report = JSON.parse(message.toString());
  switch (report._type) {
    case 'location': // regions are left out while the phone is in none
      set(client, person, report.inregions?.includes(region) ? 'home' : 'away');
      break;
    case 'transition':
      if (report.desc === region) {
        set(client, person, report.event === 'enter' ? 'home' : 'away');
      }
      break;
    case 'encrypted':
      console.log(`${person} sends encrypted reports, which this script cannot read`);
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
  client.connect({ client: 'presence' }, () => {
    client.subscribe(['owntracks/+/+', 'owntracks/+/+/event'], { qos: 1, retain: true }, (error) => {
      console.log(error ? error.message : 'watching');
    });
  });
}

start();
