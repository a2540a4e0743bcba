// The places of force, options and callback.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

function next(forms) {
  if (forms.length === 0) return;
  const client = mqtt.connect(process.env.SERVER, { clientId: 'c' + forms.length });
  client.on('connect', () => client.end(...forms[0], (...args) => {
    log('ended', ...args);
    next(forms.slice(1));
  }));
}
next([[], [false], [null], [undefined, undefined], [false, {}], [{}], [true, null]]);
