// No protocol in the URL.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

for (const url of ['127.0.0.1', '127.0.0.1:1883', 'foo://127.0.0.1']) {
  try {
    const client = mqtt.connect(url, { manualConnect: true });
    log(url, client.options.protocol, client.options.hostname, client.options.host, client.options.port);
  } catch (e) {
    log(url, e);
  }
}
