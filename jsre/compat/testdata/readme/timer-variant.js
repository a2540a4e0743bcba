// Timers of the script's own.
const mqtt = require('mqtt');
let set = 0;
let cleared = 0;
const client = mqtt.connect(process.env.SERVER, {
  keepalive: 1,
  timerVariant: {
    set: (func, timer) => {
      set++;
      return setInterval(func, timer);
    },
    clear: (id) => {
      cleared++;
      clearInterval(id);
    },
  },
});
client.on('packetreceive', (packet) => {
  if (packet.cmd === 'pingresp') client.end(() => console.log(set > 0, cleared > 0));
});
