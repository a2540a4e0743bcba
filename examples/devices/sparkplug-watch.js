// Read Sparkplug B: print what nodes and devices measure, by name, and ask a node
// for its birth again when a message of it is missing.
//
//   dunlin run examples/devices/sparkplug-watch.js -- HOST PORT [GROUP]
const mqtt = require('mqtt');
const socket = require('socket');

const [host = '127.0.0.1', port = '1883', group = '+'] = process.argv.slice(2);
const names = new Map(); // names of a sender's metrics by alias, from its birth
const seqs = new Map(); // last sequence number by node

// fields reads the fields of a protobuf message: [number, value], a varint as BigInt.
function* fields(b) {
  let at = 0;
  const varint = () => {
    let v = 0n;
    for (let shift = 0n; ; shift += 7n) {
      if (at === b.length) {
        throw new RangeError('the payload ends early');
      }
      const byte = b[at++];
      v |= BigInt(byte & 127) << shift;
      if (byte < 128) {
        return v;
      }
    }
  };
  while (at < b.length) {
    const key = Number(varint());
    const size = [undefined, 8, undefined, undefined, undefined, 4][key & 7] ?? ((key & 7) === 2 ? Number(varint()) : 0);
    yield [key >> 3, size === 0 && (key & 7) === 0 ? varint() : b.subarray(at, (at += size))];
  }
}

const signed = { 1: 8, 2: 16, 3: 32, 4: 64 }; // bits by data type

function metric(b) {
  const m = { value: null };
  for (const [field, v] of fields(b)) {
    switch (field) {
      case 1: m.name = v.toString(); break;
      case 2: m.alias = v; break;
      case 4: m.type = Number(v); break;
      case 10: case 11: m.value = signed[m.type] ? BigInt.asIntN(signed[m.type], v) : v; break;
      case 12: m.value = v.readFloatLE(0); break;
      case 13: m.value = v.readDoubleLE(0); break;
      case 14: m.value = v === 1n; break;
      case 15: m.value = v.toString(); break;
    }
  }
  return m;
}

// rebirth is a payload with the metric 'Node Control/Rebirth' (name 1, type 4, boolean 14) as true.
function rebirth() {
  const name = Buffer.from('Node Control/Rebirth');
  const m = Buffer.concat([Buffer.from([1 << 3 | 2, name.length]), name, Buffer.from([4 << 3, 11, 14 << 3, 1])]);
  return Buffer.concat([Buffer.from([2 << 3 | 2, m.length]), m]);
}

function message(client, { topic, message }) {
  const [, group, type, node, device] = topic.split('/');
  if (group === 'STATE' || type.endsWith('CMD')) {
    return;
  }
  const id = `${group}/${node}`;
  const sender = device ? `${id}/${device}` : id;
  if (type.endsWith('DEATH')) {
    console.log(`${sender} is gone`);
  }
  if (type.endsWith('BIRTH')) {
    names.set(sender, new Map());
  }
  for (const [field, v] of fields(message)) {
    if (field === 3) {
      const seq = Number(v);
      if (type !== 'NBIRTH' && seq !== (seqs.get(id) + 1) % 256) {
        console.log(`${id}: message missing before ${seq}`);
        client.publish(`spBv1.0/${group}/NCMD/${node}`, rebirth());
      }
      seqs.set(id, seq);
    } else if (field === 2) {
      const m = metric(v);
      if (m.name && m.alias !== undefined) {
        names.get(sender)?.set(m.alias, m.name);
      }
      if (!type.endsWith('DEATH')) {
        console.log(`${sender} ${m.name ?? names.get(sender)?.get(m.alias) ?? `alias ${m.alias}`} = ${m.value}`);
      }
    }
  }
}

function start() {
  const client = mqtt.open(socket.sockaddr(host, Number(port)));
  if (!client) {
    console.error(`no broker: ${mqtt.lastError.message}`);
    setTimeout(start, 5000);
    return;
  }
  client.on('message', (m) => {
    try {
      message(client, m);
    } catch (error) { // a payload that is not as it should be is no reason to end
      console.error(`${m.topic}: ${error.message}`);
    }
  });
  client.on('disconnect', () => setTimeout(start, 5000));
  client.connect({ client: 'sparkplug-watch' }, () => {
    client.subscribe(`spBv1.0/${group}/#`, { qos: 1 }, (error) => console.log(error ? error.message : 'watching'));
  });
}

start();
