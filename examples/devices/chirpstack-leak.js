// LoRaWAN leak sensors behind ChirpStack: decode what they send, and have a
// sensor that is wet sound its buzzer by a downlink.
//
//   dunlin run examples/devices/chirpstack-leak.js -- HOST PORT
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883'] = process.argv.slice(2);
const dataPort = 2;

// decode reads the sensor's bytes: flags, battery in percent, temperature in tenths.
function decode(bytes) {
  return { leak: (bytes[0] & 1) === 1, battery: bytes[1], temperature: bytes.readInt16BE(2) / 10 };
}

function message(client, { topic, message }) {
  const { deviceInfo, fPort, data, margin, batteryLevel } = JSON.parse(message.toString());
  const name = deviceInfo.deviceName;
  if (topic.endsWith('/event/status')) {
    console.log(`${name}: battery ${Math.round(batteryLevel)} %, margin ${margin} dB`);
    return;
  }
  if (fPort !== dataPort || !data) {
    return;
  }
  const { leak, battery, temperature } = decode(Buffer.from(data, 'base64'));
  console.log(`${name}: ${leak ? 'LEAK' : 'dry'}, ${temperature} °C, battery ${battery} %`);
  if (leak) {
    const down = { devEui: deviceInfo.devEui, confirmed: true, fPort: dataPort, data: Buffer.from([1]).toString('base64') };
    client.publish(topic.replace('/event/up', '/command/down'), JSON.stringify(down), { qos: 1 });
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
  client.connect({ client: 'leak-sensors' }, () => {
    const topics = ['up', 'status'].map((type) => `application/+/device/+/event/${type}`);
    client.subscribe(topics, { qos: 1 }, (error) => console.log(error ? error.message : 'watching'));
  });
}

start();
