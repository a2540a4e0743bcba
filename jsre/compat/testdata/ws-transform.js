// The function that changes the URL before each try.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect('ws://127.0.0.1:1/mqtt', {
  transformWsUrl: (url, options, client) => {
    log(url, options.protocol, typeof client.on);
    return process.env.WS;
  },
}));
client.on('connect', () => client.end());
