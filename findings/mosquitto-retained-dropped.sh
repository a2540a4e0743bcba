#!/usr/bin/env bash
# Mosquitto 2.0.11, as Debian 12 packages it: of more than 1,020 retained messages of QoS 1 that match one subscription of QoS 1 the
# others never come, though the subscriber is connected and acknowledges each at once. At QoS 0 all come.
#
# The server makes the messages for a subscription in one go, and puts into the subscriber's queue what 20 in flight
# (max_inflight_messages) and 1,000 waiting (max_queued_messages) leave room for. mosquitto.conf(5) calls the second the number
# "to hold in the queue (per client) above those messages that are currently in flight", and does not say that a subscription fills it.
# Neither the answer to the subscription nor anything after it says that messages are missing; the server's log does. Who wants all
# retained messages subscribes at QoS 0, or to fewer topics at a time.
#
# Seen, with the Debian package 2.0.11-1.2+deb12u2, of 2,000 retained messages of QoS 1:
#
#	subscribed at QoS 1: 1020 came
#	subscribed at QoS 0: 2000 came
#
# The script takes an installed Mosquitto of that version, or unpacks Debian's package and what it needs into a temporary
# folder (nothing is installed). It needs Linux, Bash, Python 3 and apt-get; no code of this project takes part. It ends
# with status 0 when it sees what is written above, and with 1 when not.
set -euo pipefail
version=2.0.11
package=2.0.11-1.2+deb12u2
folder=$(mktemp -d)
server=
end() {
	[ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; }
	rm -rf "$folder"
}
trap end EXIT

# The server: as installed, or unpacked.
mosquitto=/usr/sbin/mosquitto
if [ "$(dpkg-query -W -f '${Version}' mosquitto 2>/dev/null)" != "$package" ]; then
	mkdir -p "$folder/packages/partial"
	apt-get -qq -y -o Debug::NoLocking=1 -o Dir::Cache::archives="$folder/packages" --download-only \
		install "mosquitto=$package" >"$folder/out" 2>&1 || {
		tail -n 3 "$folder/out" >&2
		echo "Debian's mosquitto $package cannot be had here: this is for Debian 12, after apt-get update" >&2
		exit 2
	}
	for file in "$folder"/packages/*.deb; do dpkg -x "$file" "$folder/root"; done
	export LD_LIBRARY_PATH=$folder/root/usr/lib/$(uname -m)-linux-gnu:$folder/root/lib/$(uname -m)-linux-gnu
	mosquitto=$folder/root/usr/sbin/mosquitto
fi
begin() { # starts the server with the lines given, on a free port
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	printf '%s\n' "listener $port 127.0.0.1" "allow_anonymous true" "$@" >"$folder/conf"
	"$mosquitto" -c "$folder/conf" >"$folder/out" 2>&1 &
	server=$!
	for _ in $(seq 100); do
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
		sleep 0.1
	done
	echo "Mosquitto does not start:" >&2
	tail -n 5 "$folder/out" >&2
	exit 2
}
look() { # prints how many messages come, for the QoS given
	python3 - "$port" "$1" <<'END'
import socket, struct, sys

def text(s):
    return struct.pack(">H", len(s)) + s.encode()

class Client:
    """A connection of MQTT 3.1.1; packets are below 128 bytes."""
    def __init__(self, name):
        self.stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20).makefile("rwb")
        self.send(0x10, text("MQTT") + struct.pack(">BBH", 4, 2, 60) + text(name))
        self.expect(0x20)
    def send(self, first, body):
        self.stream.write(bytes([first, len(body)]) + body)
        self.stream.flush()
    def packet(self):
        head = self.stream.read(2)
        if len(head) < 2:
            sys.exit("the server has ended the connection")
        return head[0], self.stream.read(head[1])
    def expect(self, kind):
        first, body = self.packet()
        if first & 0xF0 != kind:
            sys.exit("got packet %02x, want %02x" % (first, kind))
        return body

publisher = Client("finding-1")
for i in range(2000):
    publisher.send(0x33, text("finding/%d" % i) + struct.pack(">H", i + 1) + b"x")
    publisher.expect(0x40)
subscriber = Client("finding-2")
subscriber.send(0x82, b"\0\1" + text("finding/#") + bytes([int(sys.argv[2])]))
topics, quiet = set(), 0
while quiet < 5: # pings that are answered with no message between them
    subscriber.send(0xC0, b"")
    before = len(topics)
    while True:
        first, body = subscriber.packet()
        if first == 0xD0:
            break
        if first & 0xF0 == 0x30:
            end = 2 + struct.unpack(">H", body[:2])[0]
            topics.add(body[2:end])
            if first & 0x06:
                subscriber.send(0x40, body[end:end + 2])
    quiet = quiet + 1 if len(topics) == before else 0
print(len(topics))
END
}
seen=
for qos in 1 0; do
	begin
	came=$(look "$qos")
	kill "$server"
	wait "$server" || true
	server=
	echo "subscribed at QoS $qos: $came came"
	seen="$seen $came"
done
[ "$seen" = " 1020 2000" ] || { echo "this is not what was seen of Mosquitto 2.0.11: it has changed" >&2; exit 1; }
echo "as seen before: Mosquitto $version drops retained messages that a subscription of QoS 1 is to bring, above 1,020"
