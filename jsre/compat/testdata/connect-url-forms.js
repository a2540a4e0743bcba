// What the parts of URLs become.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const urls = ['mqtt://h', 'tcp://h:1', 'mqtt://h:18830/path', 'mqtt://u:p@h', 'mqtt://u@h', 'ws://h/mqtt?x=1', 'mqtt://[::1]:1883', 'http://h'];
for (const url of urls) {
  try {
    const o = mqtt.connect(url, { manualConnect: true }).options;
    log(url, o.protocol, o.host, o.hostname, o.port, o.path, o.username, o.password);
  } catch (e) {
    log(url, e);
  }
}
