// An exception in the listener of connect.
const mqtt = require('mqtt');

mqtt.connect(process.env.SERVER).on('connect', () => {
  throw new TypeError('in connect');
});
