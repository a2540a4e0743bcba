// The methods of both providers.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const unique = new mqtt.UniqueMessageIdProvider();
log(unique.allocate(), unique.allocate(), unique.register(2), unique.register(3), unique.getLastAllocated());
unique.deallocate(1);
log(unique.allocate());
unique.clear();
log(unique.allocate());
const plain = new mqtt.DefaultMessageIdProvider();
const first = plain.allocate();
log(plain.allocate() - first, plain.getLastAllocated() - first, plain.register(5), plain.deallocate(5), plain.clear());
