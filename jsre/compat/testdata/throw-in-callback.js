// An exception in a callback.
const mqtt = require('mqtt');

mqtt.connect(process.env.SERVER).subscribe('a', () => {
  throw new Error('in the callback');
});
