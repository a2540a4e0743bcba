// A client is an EventEmitter.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const { EventEmitter } = require('events');
const client = mqtt.connect(process.env.SERVER);
log(client instanceof EventEmitter, client.constructor.name, client.listenerCount('connect') > 0, client.on('x', () => {}) === client);
client.once('connect', () => client.end());
