// Soil sensors in The Things Stack: log moisture into a CSV file, and open the
// valve of a bed that is dry. Its server takes QoS 0 only, and TLS at port 8883;
// user name and key come from the environment.
//
//   TTS_USER=garden@ttn TTS_KEY=... dunlin run examples/devices/thethingsstack-soil.js -- HOST 8883 [FILE]
const fs = require('fs');
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', file = 'soil.csv'] = process.argv.slice(2);
const { TTS_USER: user, TTS_KEY: passwd } = process.env;
const tls = port === '8883' ? { server: host } : undefined;
const dry = 30; // percent
const valve = { f_port: 15, frm_payload: Buffer.from([1]).toString('base64'), priority: 'NORMAL' };

if (!fs.exists(file)) {
  fs.writeFile(file, 'time,device,counter,moisture,temperature,gateway,rssi\n');
}

function message(client, { topic, message }) {
  const { end_device_ids: ids, received_at: time, uplink_message: up } = JSON.parse(message.toString());
  if (!up.decoded_payload) {
    return; // no application data, or no formatter that reads it
  }
  // Fields that are empty are left out: 0 is one of them.
  const { moisture = 0, temperature = 0 } = up.decoded_payload;
  const best = up.rx_metadata.reduce((a, b) => (b.rssi > a.rssi ? b : a));
  const row = [time, ids.device_id, up.f_cnt ?? 0, moisture, temperature, best.gateway_ids.gateway_id, best.rssi];
  fs.appendFile(file, `${row.join(',')}\n`);
  console.log(`${ids.device_id}: ${moisture} %`);
  if (moisture < dry) {
    client.publish(topic.replace(/up$/, 'down/push'), JSON.stringify({ downlinks: [valve] }));
  }
}

function start() {
  const client = mqtt.open(socket.sockaddr(host, Number(port)), tls);
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
  client.connect({ client: 'soil', user, passwd }, () => {
    client.subscribe('v3/+/devices/+/up', (error) => console.log(error ? error.message : 'watching'));
  });
}

start();
