#!/usr/bin/env bash
# MQTT.js 5.16.0: a client that is ended before its connection stands connects all the same, and stays connected.
#
# A good guess is that end() of a client that is still connecting gives the connection up: its callback says that the client
# has ended. The callback comes, so does the event end; then the CONNECT goes out, the event connect follows, and the connection
# stays open without a DISCONNECT, though client.connected is false: the server has a session, and the process does not end.
#
# Seen, with the npm package mqtt 5.16.0 and Node.js 20.20.2, and a server that answers CONNECT after 200 ms:
#
#	end
#	end's callback
#	the server got CONNECT
#	connect
#	a second later: connected false, and the connection is open
#
# The script installs the package with npm in a temporary folder. It needs Linux, Bash and Node.js 20 or later; no code of
# this project takes part. It ends with status 0 when it sees what is written above, and with 1 when not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --silent --no-fund --no-audit mqtt@5.16.0 >out 2>&1 || {
	tail -n 3 out >&2
	echo "mqtt 5.16.0 cannot be installed here" >&2
	exit 2
}
cat >finding.js <<'END'
const net = require('net');
const mqtt = require('mqtt');
let open = true;
const server = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    console.log('the server got ' + (bytes[0] === 0x10 ? 'CONNECT' : 'packet 0x' + bytes[0].toString(16)));
    if (bytes[0] === 0x10) setTimeout(() => socket.write(Buffer.from([0x20, 2, 0, 0])), 200);
  });
  socket.on('end', () => { open = false; });
});
server.listen(0, '127.0.0.1', () => {
  const client = mqtt.connect('mqtt://127.0.0.1:' + server.address().port, { reconnectPeriod: 0 });
  client.on('end', () => console.log('end'));
  client.on('connect', () => {
    console.log('connect');
    setTimeout(() => {
      console.log('a second later: connected ' + client.connected + ', and the connection is ' + (open ? 'open' : 'closed'));
      process.exit(0);
    }, 1000);
  });
  client.end(() => console.log("end's callback"));
  setTimeout(() => { console.log('nothing more within 5 s'); process.exit(0); }, 5000);
});
END
node finding.js | tee seen
cat >want <<'END'
end
end's callback
the server got CONNECT
connect
a second later: connected false, and the connection is open
END
diff want seen || { echo "this is not what was seen of mqtt 5.16.0: it has changed" >&2; exit 1; }
echo "as seen before: a client of MQTT.js that has ended connects"
