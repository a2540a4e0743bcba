// Another client with the same identifier takes over.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const clientId = process.env.ID;
const first = trace(mqtt.connect(process.env.BROKER, { clientId, reconnectPeriod: 0 }));
first.on('connect', () => {
  const second = mqtt.connect(process.env.BROKER, { clientId });
  first.on('close', () => second.end(() => log('second ended')));
});
