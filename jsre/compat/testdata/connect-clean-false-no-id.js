// A session that stays needs a client identifier.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

try {
  mqtt.connect(process.env.SERVER, { clean: false });
} catch (e) {
  log(e);
}
