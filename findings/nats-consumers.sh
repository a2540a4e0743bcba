#!/usr/bin/env bash
# NATS server 2.15.3 as an MQTT server: of all clients together it grants 1,000 subscriptions at QoS 1, and refuses the next.
#
# A good guess is that memory is the bound: its documentation of MQTT names no number, and the default of max_connections
# is 65,536. But each subscription at QoS 1 is a consumer of the one stream that holds the messages of MQTT, and a stream
# has at most default_max_consumers of them, a limit of JetStream that is 1,000 unless it is set. So device 1,001 connects,
# publishes, and is granted 0x80 for its first subscription.
#
# Seen, with nats-server v2.15.3:
#
#	default settings: 1000 of 1100 subscriptions at QoS 1 are granted
#	default_max_consumers: -1: 1100 of 1100 subscriptions at QoS 1 are granted
#
# The script builds the server in a temporary folder (Go modules are downloaded, some minutes the first time). It needs
# Linux, Bash, Python 3 and Go; no code of this project takes part. It ends with status 0 when it sees what is written
# above, and with 1 when not.
set -euo pipefail
version=v2.15.3
folder=$(mktemp -d)
server=
stop() {
	[ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; }
	server=
}
trap 'stop; rm -rf "$folder"' EXIT
cd "$folder"
GOBIN=$folder go install "github.com/nats-io/nats-server/v2@$version" >"$folder/out" 2>&1 || {
	tail -n 3 "$folder/out" >&2
	echo "nats-server $version cannot be built here" >&2
	exit 2
}

# see NAME LIMITS starts a server with these limits of JetStream and prints how many subscriptions it grants.
see() {
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	rm -rf "$folder/store"
	cat >"$folder/conf" <<END
server_name: finding
listen: "127.0.0.1:-1"
jetstream { store_dir: "$folder/store", limits { $2 } }
mqtt { listen: "127.0.0.1:$port" }
END
	"$folder/nats-server" -c "$folder/conf" >"$folder/out" 2>&1 &
	server=$!
	for _ in $(seq 100); do
		grep -q 'Server is ready' "$folder/out" && break
		sleep 0.1
	done
	grep -q 'Server is ready' "$folder/out" || { echo "NATS does not start:" >&2; tail -n 5 "$folder/out" >&2; exit 2; }
	granted=$(python3 - "$port" <<'END'
import socket, struct, sys

def text(s):
    return struct.pack(">H", len(s)) + s.encode()

def packet(stream):
    first, length = stream.read(2)
    return first, stream.read(length)

granted, kept = 0, []
for number in range(1100):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60)
    stream = s.makefile("rb")
    kept.append((s, stream))
    body = text("MQTT") + b"\x04\x02\x00\x00" + text("finding-%d" % number)
    s.sendall(bytes([0x10, len(body)]) + body)
    if packet(stream) != (0x20, b"\x00\x00"):
        sys.exit("client %d is not accepted" % number)
    body = b"\x00\x01" + text("finding/%d" % number) + b"\x01"
    s.sendall(bytes([0x82, len(body)]) + body)
    granted += packet(stream)[1][2] == 1
print(granted)
END
	)
	stop
	line="$1: $granted of 1100 subscriptions at QoS 1 are granted"
	echo "$line"
	[ "$granted" = "$3" ] || { echo "this is not what was seen of NATS 2.15.3: it has changed" >&2; exit 1; }
}
see "default settings" "" 1000
see "default_max_consumers: -1" "default_max_consumers: -1" 1100
echo "as seen before: NATS $version has 1,000 subscriptions at QoS 1 by default"
