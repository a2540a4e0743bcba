// What was published while the client was away.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const clientId = process.env.ID;
const topic = clientId + '/away';
const options = { clientId, clean: false };
const first = mqtt.connect(process.env.BROKER, options);
first.subscribe(topic, { qos: 1 }, () => first.end(() => {
  const other = mqtt.connect(process.env.BROKER);
  for (const text of ['1', '2']) other.publish(topic, text, { qos: 1 });
  other.publish(topic, '3', { qos: 1 }, () => other.end(() => {
    const again = trace(mqtt.connect(process.env.BROKER, options), 'message');
    again.on('connect', (packet) => log(packet.sessionPresent));
    again.on('message', (topic, message) => message.toString() === '3' && again.end(() => mqtt.connect(process.env.BROKER, { clientId }).on('connect', function () { this.end(); })));
  }));
}));
