// The packet that event connect brings in MQTT 5, with properties of the server.
// on CONNECT: 20 16 00 00 13 22 000A 21 0014 12 0004 "auto" 1F 0003 "why"
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER, { protocolVersion: 5, clientId: '' });
client.on('connect', (packet) => {
  console.log(packet);
  console.log(JSON.stringify(client.options.clientId), client.serverProperties);
  client.end();
});
