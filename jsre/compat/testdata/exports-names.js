// What the module holds.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

log(Object.keys(mqtt).sort());
log(typeof mqtt.connect, typeof mqtt.Client, mqtt.Client === mqtt.MqttClient, mqtt.default === mqtt, mqtt.default.connect === mqtt.connect);
log(mqtt.MQTTJS_VERSION, Object.keys(mqtt.ReasonCodes).length, mqtt.ReasonCodes[135], mqtt.ReasonCodes[5]);
