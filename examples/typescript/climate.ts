// TypeScript, ES modules and for await: run it with
//
//	dunlin run --broker examples/typescript/climate.ts
import mqtt from 'mqtt';
import { setTimeout as later } from 'timers';
import { Room, type Reading } from './room.ts';

const topic = 'home/kitchen/temperature';
const kitchen = new Room('kitchen', { from: 19, to: 23 });

// measure gives readings as a sensor would: one after the other, and some time between them.
async function* measure(): AsyncGenerator<Reading> {
  for (const celsius of [18.5, 21, 24.25]) {
    await new Promise((done) => later(done, 10));
    yield { celsius, at: new Date() };
  }
}

// connected opens a connection and waits until the server has accepted it.
function connected(name: string): Promise<any> {
  return new Promise((resolve, reject) => {
    mqtt.open({ addr: 'localhost', port: 1883 }, undefined, (client: any, remote: any) => {
      if (!remote) return reject(mqtt.lastError);
      client.on('error', reject);
      client.connect({ client: name }, resolve);
    });
  });
}

const client = await connected('climate');
const arrived = new Promise<void>((done) => {
  client.on('message', (m: { topic: string; message: Buffer }) => {
    kitchen.add(JSON.parse(m.message.toString()));
    console.log(`${kitchen.name}: ${kitchen.advice}`);
    if (kitchen.count === 3) done();
  });
});
await new Promise((done) => client.subscribe(topic, { qos: 1 }, done));
for await (const reading of measure()) {
  client.publish(topic, JSON.stringify(reading), { qos: 1 });
}
await arrived;
console.log(`on average ${kitchen.average.toFixed(1)} °C`);
client.close();
