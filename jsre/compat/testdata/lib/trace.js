// Prints what happens to a client, in order.
const names = ['connect', 'reconnect', 'close', 'disconnect', 'offline', 'error', 'end', 'message'];

function text(value) {
  if (value === undefined) return 'undefined';
  if (value instanceof Error) return `${value.name}: ${value.message}` + (value.code === undefined ? '' : ` (${value.code})`);
  return JSON.stringify(value, (key, v) => (v && v.type === 'Buffer' ? `<${Buffer.from(v.data)}>` : v));
}

function log(...values) {
  console.log(values.map((v) => (typeof v === 'string' ? v : text(v))).join(' '));
}

// trace prints the events of a client: those named, or all but those of packets.
function trace(client, ...events) {
  for (const name of events.length ? events : names) {
    client.on(name, (...args) => {
      if (name === 'message') log(name, args[0], args[1].toString(), `qos=${args[2].qos} retain=${args[2].retain} dup=${args[2].dup}`);
      else if (name === 'connect') log(name);
      else if (name === 'packetsend' || name === 'packetreceive') log(name, args[0].cmd);
      else log(name, ...args);
    });
  }
  return client;
}

// done prints the arguments of a callback.
const done = (label) => (...args) => log(label, ...args);

module.exports = { log, trace, done, text };
