#!/usr/bin/env bash
# aedes 1.2.0, and MQTT.js 5.16.0 as its client: a shared subscription is granted, and gets nothing.
#
# A good guess is that a server without shared subscriptions refuses one, or that the client does: SUBACK has a code for
# failure. aedes takes $share/g/t for a filter like any other. What is published to t goes past it, and what is published
# to the topic $share/g/t arrives, with no failure at any step: a group of workers is idle, and nothing says why. Shared
# subscriptions are part of MQTT 5, which aedes does not speak; other servers give them to clients of 3.1.1, too.
#
# Seen, with the npm packages aedes 1.2.0 and mqtt 5.16.0:
#
#	subscribing to $share/g/finding: granted 0
#	published to finding:            nothing arrives
#	published to $share/g/finding:   arrives
#
# The script installs both with npm in a temporary folder. It needs Linux, Bash and Node.js 20 or later; no code of this
# project takes part. It ends with status 0 when it sees what is written above, and with 1 when not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true, "type": "module"}' >package.json
npm install --silent --no-fund --no-audit aedes@1.2.0 mqtt@5.16.0 >out 2>&1 || {
	tail -n 3 out >&2
	echo "aedes 1.2.0 and mqtt 5.16.0 cannot be installed here" >&2
	exit 2
}
cat >finding.js <<'END'
import { Aedes } from 'aedes'
import { createServer } from 'node:net'
import { once } from 'node:events'
import mqtt from 'mqtt'

setTimeout(() => { console.error('no end after 20 s'); process.exit(1) }, 20000).unref()
const broker = await Aedes.createBroker()
const server = createServer(broker.handle).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()
const url = 'mqtt://127.0.0.1:' + port
const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 })
const got = []
client.on('message', (topic, payload) => got.push(String(payload)))
const filter = '$share/g/finding'
const [{ qos }] = await client.subscribeAsync(filter)
await client.subscribeAsync('end')
await client.publishAsync('finding', 'to the topic')
await client.publishAsync(filter, 'to the filter')
await client.publishAsync('end', 'end') // what came before it was delivered
while (!got.includes('end')) await once(client, 'message')
console.log('subscribing to ' + filter + ': granted ' + qos)
console.log('published to finding:            ' + (got.includes('to the topic') ? 'arrives' : 'nothing arrives'))
console.log('published to ' + filter + ':   ' + (got.includes('to the filter') ? 'arrives' : 'nothing arrives'))
if (qos !== 0 || got.join() !== 'to the filter,end') {
  console.error('this is not what was seen of aedes 1.2.0: it has changed')
  process.exit(1)
}
process.exit(0)
END
node finding.js
echo "as seen before: aedes 1.2.0 grants shared subscriptions and has none"
