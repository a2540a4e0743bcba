// A will without a topic.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

trace(mqtt.connect(process.env.SERVER, { clientId: 'c', reconnectPeriod: 0, will: { payload: 'x' } }));
