// Stores that stay when the client goes.
// on PUBLISH 1: close
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const options = { reconnectPeriod: 0, clean: false, clientId: 'c', outgoingStore: new mqtt.Store({ clean: false }), incomingStore: new mqtt.Store({ clean: false }) };
const first = mqtt.connect(process.env.SERVER, options);
first.on('connect', () => first.publish('a', 'b', { qos: 1 }));
first.on('close', () => {
  const second = trace(mqtt.connect(process.env.SERVER, options));
  second.on('packetreceive', (packet) => packet.cmd === 'puback' && second.end());
});
