// A filter for JSON: of what sensors report, only what matters goes on, with the names and
// units that others expect.
//
//   dunlin run examples/jsre/json-filter.js -- HOST PORT [SMALLEST-CHANGE]
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', change = '0.5'] = process.argv.slice(2);
const last = new Map(); // what was passed on, by sensor

// sift gives what goes on, or undefined.
function sift(sensor, text) {
  let report;
  try {
    report = JSON.parse(text);
  } catch (error) {
    console.log(`${sensor}: no JSON`);
    return undefined;
  }
  const { temp_f: fahrenheit, ts, rssi, ...rest } = report ?? {};
  if (typeof fahrenheit !== 'number') {
    console.log(`${sensor}: no temperature`);
    return undefined;
  }
  const celsius = Math.round((fahrenheit - 32) / 0.018) / 100;
  if (Math.abs(celsius - (last.get(sensor) ?? Infinity)) < Number(change)) {
    return undefined;
  }
  last.set(sensor, celsius);
  return { sensor, celsius, time: ts && new Date(ts * 1000).toISOString(), ...rest };
}

const client = mqtt.open(socket.sockaddr(host, Number(port)), undefined, 5000);
if (!client) {
  console.log('no broker:', mqtt.lastError.message);
  process.exit(1);
}
client.on('message', ({ topic, message }) => {
  const passed = sift(topic.split('/')[1], message.toString());
  if (passed) {
    client.publish(`clean/${passed.sensor}`, JSON.stringify(passed), { qos: 1 });
  }
});
client.on('disconnect', () => process.exit(1)); // whoever runs it starts it again
client.connect({ client: 'json-filter' }, () => client.subscribe('raw/+', { qos: 1 }, () => console.log('watching')));
