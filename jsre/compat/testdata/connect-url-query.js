// A client identifier in the query of the URL.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER + '/?clientId=fromQuery'));
log(client.options.clientId, client.options.query);
client.on('connect', () => client.end());
