// A store of the script's own, and the methods that a store has.
const mqtt = require('mqtt');
class Counting extends mqtt.Store {
  put(packet, cb) {
    console.log('put', packet.cmd);
    return super.put(packet, cb);
  }

  del(packet, cb) {
    console.log('del', packet.cmd);
    return super.del(packet, cb);
  }

  close(cb) {
    console.log('close');
    return super.close(cb);
  }
}
const client = mqtt.connect(process.env.SERVER, { outgoingStore: new Counting(), incomingStore: new mqtt.Store({ clean: false }) });
client.on('connect', () => client.publish('a', 'b', { qos: 2 }, () => client.end()));
