// async and await: a question to a service, the answer or a time limit, and the next one.
//
//   dunlin run examples/jsre/async-await.js -- HOST PORT
const mqtt = require('mqtt');
const socket = require('socket');
const util = require('util');

const [host = '127.0.0.1', port = '1883'] = process.argv.slice(2);

// connected is a client whose publish and subscribe are promises.
function connected(name) {
  return new Promise((resolve, reject) => {
    const client = mqtt.open(socket.sockaddr(host, Number(port)), undefined, (client, remote) => {
      if (!remote) {
        reject(mqtt.lastError);
        return;
      }
      client.connect({ client: name }, () => resolve({
        on: (event, listener) => client.on(event, listener),
        publish: util.promisify(client.publish.bind(client)),
        subscribe: util.promisify(client.subscribe.bind(client)),
        close: () => client.close(),
      }));
    });
    client.on('error', reject);
  });
}

// service answers questions, but not each.
async function service() {
  const client = await connected('calculator');
  let answered; // settled once the broker has the last answer
  client.on('message', ({ message }) => {
    const { id, a, b } = JSON.parse(message);
    if (b !== 0) {
      answered = client.publish('answers', JSON.stringify({ id, quotient: a / b }), { qos: 1 });
    }
  });
  await client.subscribe('questions', { qos: 1 });
  return {
    close: async () => {
      await answered;
      client.close();
    },
  };
}

async function main() {
  const calculator = await service();
  const client = await connected('asker');
  const open = new Map(); // what waits for an answer, by number
  client.on('message', ({ message }) => {
    const answer = JSON.parse(message);
    open.get(answer.id)?.(answer.quotient);
  });
  await client.subscribe('answers', { qos: 1 });

  let id = 0;
  const ask = async (a, b) => {
    const mine = ++id;
    const answer = new Promise((resolve) => open.set(mine, resolve));
    await client.publish('questions', JSON.stringify({ id: mine, a, b }), { qos: 1 });
    let late;
    const limit = new Promise((resolve, reject) => {
      late = setTimeout(reject, 2000, new Error('no answer'));
    });
    try {
      return await Promise.race([answer, limit]);
    } finally {
      clearTimeout(late);
      open.delete(mine);
    }
  };

  for (const [a, b] of [[84, 2], [1, 0], [1, 8]]) {
    try {
      console.log(`${a} / ${b} = ${await ask(a, b)}`);
    } catch (error) {
      console.log(`${a} / ${b}: ${error.message}`);
    }
  }
  client.close();
  await calculator.close();
}

main().catch((error) => {
  console.log('failed:', error.message);
  process.exit(1);
});
