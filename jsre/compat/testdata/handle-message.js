// handleMessage holds the acknowledgement.
// on SUBSCRIBE: default; 32 07 0001 "a" 0009 "hi"; 32 07 0001 "a" 000A "ho"
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER), 'message', 'packetsend');
client.handleMessage = (packet, callback) => {
  log('handle', packet.payload.toString());
  setTimeout(() => {
    log('handled', packet.payload.toString());
    callback();
    if (packet.payload.toString() === 'ho') client.end();
  }, 20);
};
client.subscribe('a');
