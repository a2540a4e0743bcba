// The texts of reason codes.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

for (const [code, text] of Object.entries(mqtt.ReasonCodes)) log(code, text);
