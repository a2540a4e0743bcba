#!/usr/bin/env bash
# aedes 1.2.0, and MQTT.js 5.16.0 as its client: a CONNECT of MQTT 5 is answered in the form of MQTT 3.1.1.
#
# A good guess is that the answer has the form of the version that was asked for: "The Server MAY send a CONNACK packet with
# Reason Code 0x84 (Unsupported Protocol Version)", MQTT 5 section 3.1.2.2, which has a length of properties behind the
# code, and the code 1 is none of CONNACK in MQTT 5. A client that parses as it asked finds a packet that is too short. One
# that wants to try the older version has to take 20 02 00 01 for an answer of its own. MQTT.js does, with words of 3.1.1
# about a code that it calls 1. NATS server 2.15.3 answers with the same bytes.
#
# Seen, with the npm packages aedes 1.2.0 and mqtt 5.16.0:
#
#	on the wire: 20020001, then the end of the connection
#	MQTT.js:     Connection refused: Unacceptable protocol version, code 1
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
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import mqtt from 'mqtt'

setTimeout(() => { console.error('no end after 20 s'); process.exit(1) }, 20000).unref()
const broker = await Aedes.createBroker()
const server = createServer(broker.handle).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()
const url = 'mqtt://127.0.0.1:' + port
const raw = connect(port, '127.0.0.1')
raw.write(Buffer.from('100e00044d5154540502003c00000161', 'hex')) // MQTT 5, Clean Start, client identifier a
let bytes = ''
raw.on('data', (b) => { bytes += b.toString('hex') })
await once(raw, 'close')
console.log('on the wire: ' + bytes + ', then the end of the connection')
const client = mqtt.connect(url, { protocolVersion: 5, reconnectPeriod: 0 })
const [error] = await once(client, 'error').catch((e) => [e])
console.log('MQTT.js:     ' + error.message + ', code ' + error.code)
if (bytes !== '20020001' || error.message !== 'Connection refused: Unacceptable protocol version' || error.code !== 1) {
  console.error('this is not what was seen of aedes 1.2.0: it has changed')
  process.exit(1)
}
process.exit(0)
END
node finding.js
echo "as seen before: aedes 1.2.0 answers MQTT 5 in the form of MQTT 3.1.1"
