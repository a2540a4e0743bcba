#!/usr/bin/env bash
# NATS server 2.15.3 as an MQTT server: when a second connection takes a client over, the will of the first one is not
# published. When its link breaks in any other way it is.
#
# A good guess is that it is: "The Will Message MUST be published when the Network Connection is subsequently closed unless
# the Will Message has been deleted by the Server on receipt of a DISCONNECT Packet" [MQTT-3.1.2-8] of MQTT 3.1.1, and the
# server closes the first connection at a takeover [MQTT-3.1.4-2]. Who watches a device by its will sees it go, but not
# that another one has come under its name, or that it came back before the server had noticed the loss.
#
# Seen, with nats-server v2.15.3, for wills of QoS 0 and 1:
#
#	will of QoS 0, link broken: finding-a0; taken over: none, first connection closed
#	will of QoS 1, link broken: finding-a1; taken over: none, first connection closed
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
    def __init__(self, name, will=""):
        self.socket = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
        self.stream = self.socket.makefile("rb")
        flags, more = (0x06 | int(will) << 3, text("finding/will") + text(name)) if will else (2, b"")
        self.send(0x10, text("MQTT") + bytes([4, flags, 0, 60]) + text(name) + more)
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

def wills(watcher):
    """Returns the wills that come within two seconds."""
    seen = []
    watcher.socket.settimeout(2)
    try:
        while True:
            first, body = watcher.packet()
            seen.append(body[14 + (2 if first & 6 else 0):].decode())
            if first & 6:
                watcher.send(0x40, body[14:16])
    except TimeoutError:
        return seen

result = []
for qos in "01":
    # The stream does not go on after a time-out of the socket: one watcher for each look.
    watcher = Client("finding-watcher-1" + qos)
    watcher.subscribe("finding/will", 1)
    Client("finding-a" + qos, qos).socket.shutdown(socket.SHUT_RDWR)
    broken = wills(watcher)
    watcher = Client("finding-watcher-2" + qos)
    watcher.subscribe("finding/will", 1)
    first = Client("finding-b" + qos, qos)
    second = Client("finding-b" + qos)
    closed = first.stream.read(1) == b""
    taken = wills(watcher)
    result.append((broken == ["finding-a" + qos], taken, closed))
    print("will of QoS %s, link broken: %s; taken over: %s, first connection %s"
          % (qos, " ".join(broken) or "none", " ".join(taken) or "none", "closed" if closed else "open"))
if result != 2 * [(True, [], True)]:
    sys.exit("this is not what was seen of NATS 2.15.3: it has changed")
END
echo "as seen before: NATS $version publishes no will at a takeover"
