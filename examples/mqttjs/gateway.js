// A gateway that goes on without its broker: what is published meanwhile waits, and comes in its order.
//   dunlin run examples/mqttjs/gateway.js [URL]
const mqtt = require('mqtt');

const client = mqtt.connect(process.argv[2] || 'mqtt://127.0.0.1:1883', {
  clientId: 'gateway-1',
  clean: false,
  reconnectPeriod: 2000,
});

let n = 0;
setInterval(() => {
  const reading = JSON.stringify({ n: ++n, at: Date.now() });
  client.publish('gateway/readings', reading, { qos: 1 }, (err) => {
    if (err) console.error('reading', n, err.message);
  });
}, 1000);

for (const event of ['connect', 'offline', 'reconnect', 'close']) {
  client.on(event, () => console.log(event));
}
client.on('error', (err) => console.error(err.code, err.message));
