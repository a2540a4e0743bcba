// The option log.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

let lines = 0;
const client = mqtt.connect(process.env.SERVER, { log: () => lines++ });
client.on('connect', () => client.end(() => log(lines > 0)));
