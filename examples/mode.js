// What this process may do: off, listener or publisher.
//
//   dunlin run --mode listener examples/mode.js
const mqtt = require('mqtt');

console.log('mode:', mqtt.mode());
if (mqtt.mode() !== 'publisher') {
  console.log('this process must not publish');
}
