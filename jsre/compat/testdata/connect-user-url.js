// User and password of the URL, which count more than those of the options.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER.replace('//', '//ada:se%20cret@'), { username: 'other', password: 'p' }));
log(client.options.username, client.options.password, client.options.auth);
client.on('connect', () => client.end());
