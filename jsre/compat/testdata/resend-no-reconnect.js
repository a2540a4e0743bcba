// The connection is lost for good before the acknowledgement.
// on PUBLISH 1: close
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 0 }));
client.publish('a', 'b', { qos: 1 }, done('published'));
