// The connection is made when the script says so.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { manualConnect: true, clientId: 'c' }));
log(client.connected, client.stream === undefined);
setTimeout(() => log(client.connect() === client), 20);
client.on('connect', () => client.end());
