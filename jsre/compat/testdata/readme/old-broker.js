// A broker that speaks nothing but MQTT 3.1.
const mqtt = require('mqtt');
const client = mqtt.connect(process.env.BROKER, { protocolId: 'MQIsdp', protocolVersion: 3 });
client.on('connect', (connack) => {
  console.log(connack.returnCode, connack.sessionPresent);
  client.end();
});
