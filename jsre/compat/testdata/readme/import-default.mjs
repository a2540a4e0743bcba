// The default import.
import mqtt from 'mqtt';

const client = mqtt.connect(process.env.BROKER);
client.on('connect', () => {
  console.log('connected', client.connected);
  client.end();
});
