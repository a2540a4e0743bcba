#!/usr/bin/env bash
# NATS server 2.15.3 as an MQTT server: * and > in a filter are wildcards, though MQTT knows only + and #.
#
# A good guess is that a/* is a filter without a wildcard, which gets what is sent to the topic a/*: "Single level
# wildcard" is + and all other characters are themselves, MQTT 3.1.1 section 4.7. The server hands filters on as NATS
# subjects, where * and > are wildcards. So the client gets messages that no filter of its own matches, as MQTT reads
# them: one that finds handlers by matching has none for them.
#
# Seen, with nats-server v2.15.3:
#
#	finding/*: granted 0, gets finding/a
#	finding/>: granted 0, gets finding finding/a finding/a/b
#	finding/+: granted 0, gets finding/a
#
# The script builds the server in a temporary folder (Go modules are downloaded, some minutes the first time). It needs
# Linux, Bash, Python 3 and Go; no code of this project takes part. It ends with status 0 when it sees what is written
# above, and with 1 when not.
set -euo pipefail
version=v2.15.3
folder=$(mktemp -d)
server=
end() {
	[ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; }
	rm -rf "$folder"
}
trap end EXIT
cd "$folder"
GOBIN=$folder go install "github.com/nats-io/nats-server/v2@$version" >"$folder/out" 2>&1 || {
	tail -n 3 "$folder/out" >&2
	echo "nats-server $version cannot be built here" >&2
	exit 2
}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$folder/conf" <<END
server_name: finding
listen: "127.0.0.1:-1"
jetstream { store_dir: "$folder/store" }
mqtt { listen: "127.0.0.1:$port" }
END
"$folder/nats-server" -c "$folder/conf" >"$folder/out" 2>&1 &
server=$!
for _ in $(seq 100); do
	grep -q 'Server is ready' "$folder/out" && break
	sleep 0.1
done
grep -q 'Server is ready' "$folder/out" || { echo "NATS does not start:" >&2; tail -n 5 "$folder/out" >&2; exit 2; }

python3 - "$port" <<'END'
import socket, struct, sys

def text(s):
    return struct.pack(">H", len(s)) + s.encode()

class Client:
    """A connection of MQTT 3.1.1, Clean Session 1; packets are below 128 bytes."""
    def __init__(self, name):
        self.socket = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
        self.stream = self.socket.makefile("rb")
        self.send(0x10, text("MQTT") + b"\x04\x02\x00\x3c" + text(name))
        self.expect(0x20)
    def send(self, first, body):
        self.socket.sendall(bytes([first, len(body)]) + body)
    def read(self, n):
        b = self.stream.read(n)
        if len(b) < n:
            sys.exit("the server has ended the connection")
        return b
    def packet(self):
        first, length = self.read(2)
        return first, self.read(length)
    def expect(self, kind):
        first, body = self.packet()
        if first & 0xF0 != kind:
            sys.exit("got packet %02x, want %02x" % (first, kind))
        return body
    def subscribe(self, filter, qos=0):
        self.send(0x82, b"\x00\x01" + text(filter) + bytes([qos]))
        return self.expect(0x90)[2]
    def publish(self, topic, payload, retain=0):
        self.send(0x30 | retain, text(topic) + payload.encode())
    def settle(self):
        """Returns the messages that came before the answer to a ping."""
        self.send(0xC0, b"")
        seen = []
        while True:
            first, body = self.packet()
            if first == 0xD0:
                return seen
            if first & 0xF0 == 0x30:
                n = 2 + struct.unpack(">H", body[:2])[0]
                seen.append((body[2:n].decode(), body[n + (2 if first & 6 else 0):].decode(), first & 1))

seen = []
for number, filter in enumerate(("finding/*", "finding/>", "finding/+")):
    subscriber, publisher = Client("finding-1%d" % number), Client("finding-2%d" % number)
    granted = subscriber.subscribe(filter)
    for topic in ("finding/a", "finding/a/b", "finding"):
        publisher.publish(topic, "m")
    publisher.settle()
    got = " ".join(sorted(topic for topic, _, _ in subscriber.settle() + subscriber.settle()))
    seen.append("%s: granted %d, gets %s" % (filter, granted, got))
    print(seen[-1])
if seen != ["finding/*: granted 0, gets finding/a", "finding/>: granted 0, gets finding finding/a finding/a/b",
            "finding/+: granted 0, gets finding/a"]:
    sys.exit("this is not what was seen of NATS 2.15.3: it has changed")
END
echo "as seen before: NATS $version takes * and > in filters for wildcards"
