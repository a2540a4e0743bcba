// Simulated devices, each with a connection, a state and a will of its own, to try a
// system before the devices are there.
//
//   dunlin run examples/jsre/simulators.js -- HOST PORT [DEVICES [REPORTS]]
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', devices = '5', reports = '10'] = process.argv.slice(2);
const address = socket.sockaddr(host, Number(port));

// random gives the same numbers in each run, so that a fault can be shown again.
function random(seed) {
  return () => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
}

function simulate(number, done) {
  const next = random(number);
  const topic = `simulated/thermometer-${number}`;
  let celsius = 15 + 10 * next();
  let left = Number(reports);

  const client = mqtt.open(address, undefined, (client, remote) => {
    if (!remote) {
      console.log(`${topic}: ${mqtt.lastError.message}`);
      process.exit(1);
    }
    const will = { will: true, topic: `${topic}/state`, message: 'lost', qos: 1, willRetain: true };
    client.connect({ client: `thermometer-${number}`, ...will }, () => {
      client.publish(`${topic}/state`, 'online', { qos: 1, retain: true });
      const timer = setInterval(report, 5 + 10 * next());

      function report() {
        celsius += next() - 0.5;
        const last = --left === 0;
        client.publish(`${topic}/reading`, celsius.toFixed(2), { qos: 1 }, () => last && leave());
        if (last) {
          clearInterval(timer);
        }
      }
    });
  });

  function leave() {
    client.publish(`${topic}/state`, 'asleep', { qos: 1, retain: true }, () => {
      client.close();
      done();
    });
  }
}

let running = Number(devices);
for (let number = 1; number <= Number(devices); number++) {
  simulate(number, () => {
    if (--running === 0) {
      console.log(`${devices} devices have sent ${reports} readings each`);
    }
  });
}
