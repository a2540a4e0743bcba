// A bridge: what one broker has under a topic goes to another, and commands come back.
//
//   dunlin run examples/jsre/bridge.js -- HOST PORT OTHER-HOST OTHER-PORT [SITE]
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', otherHost = '127.0.0.1', otherPort = '1884', site = 'site'] = process.argv.slice(2);

const sides = { here: { at: [host, port] }, there: { at: [otherHost, otherPort] } };

// pass sends what comes on one side under a filter to the other, its topic changed by rename.
function pass(from, to, filter, rename) {
  from.client.on('message', ({ topic, message, retain }) => {
    const changed = rename(topic);
    if (changed !== undefined) {
      to.client.publish(changed, message, { qos: 1, retain }, (error) => error && console.log(`${changed}: ${error.message}`));
    }
  });
  from.client.subscribe(filter, { qos: 1, retain: true }, (error) => {
    if (error) {
      throw error;
    }
    from.ready = true;
    if (to.ready) {
      console.log('watching');
    }
  });
}

// The prefix tells the sides apart, so that nothing goes round in a circle.
function bridge() {
  const { here, there } = sides;
  const prefix = `${site}/`;
  pass(here, there, 'sensors/#', (topic) => prefix + topic);
  pass(there, here, `${prefix}commands/#`, (topic) => (topic.startsWith(prefix) ? topic.slice(prefix.length) : undefined));
}

for (const side of Object.values(sides)) {
  const [host, port] = side.at;
  side.client = mqtt.open(socket.sockaddr(host, Number(port)), undefined, 5000);
  if (!side.client) {
    console.log(`no broker at ${host}:${port}: ${mqtt.lastError.message}`);
    process.exit(1);
  }
  side.client.on('disconnect', () => {
    console.log(`lost ${host}:${port}`);
    process.exit(1); // whoever runs it starts it again
  });
  side.client.connect({ client: `bridge-${site}`, clean: false, version: '5', properties: { sessionExpiryInterval: 3600 } }, () => {
    side.connected = true;
    if (Object.values(sides).every((s) => s.connected)) {
      bridge();
    }
  });
}
