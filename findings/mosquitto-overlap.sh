#!/usr/bin/env bash
# Mosquitto 2.0.11, as Debian 12 packages it: a client of MQTT 3.1.1 with two filters that match gets one copy of a message,
# though its page says two.
#
# mosquitto.conf(5) of this version says of allow_duplicate_messages, which "allows this behaviour to be disabled" that a
# client gets a message once: "Defaults to true". The default is false. A program that was tried with it meets two copies,
# and so two calls of a handler that both filters lead to, with the option set, with MQTT 5 (where two are the rule), and
# with other versions of Mosquitto. MQTT 3.1.1 allows both: "the Server MAY deliver further copies of the message", section 3.3.5.
#
# Seen, with the Debian package 2.0.11-1.2+deb12u2, of a message to finding/a for finding/# and finding/+:
#
#	copies, as it comes, MQTT 3.1.1: 1
#	copies, as it comes, MQTT 5: 2
#	copies, allow_duplicate_messages true, MQTT 3.1.1: 2
#	copies, allow_duplicate_messages false, MQTT 3.1.1: 1
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
look() { # prints how many copies a client gets, for the version of MQTT given
	python3 - "$port" "$1" <<'END'
import socket, struct, sys

def text(s):
    return struct.pack(">H", len(s)) + s.encode()

class Client:
    """A connection of either version; packets are below 128 bytes."""
    def __init__(self, name, version=5, keep=60):
        self.stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20).makefile("rwb")
        self.send(0x10, text("MQTT") + struct.pack(">BBH", version, 2, keep) + (b"\0" if version == 5 else b"") + text(name))
        self.connack = self.expect(0x20)
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
    def settle(self):
        """Returns the payloads that came before the answer to a ping."""
        self.send(0xC0, b"")
        seen = []
        while True:
            first, body = self.packet()
            if first == 0xD0:
                return seen
            if first & 0xF0 == 0x30:
                seen.append(body[3 + struct.unpack(">H", body[:2])[0]:].decode())

version = int(sys.argv[2])
empty = b"\0" if version == 5 else b""
subscriber, publisher = Client("finding-1", version), Client("finding-2", version)
subscriber.send(0x82, b"\0\1" + empty + text("finding/#") + b"\0" + text("finding/+") + b"\0")
subscriber.expect(0x90)
publisher.send(0x30, text("finding/a") + empty + b"xx")
publisher.settle()
print(len(subscriber.settle()))
END
}
seen=
try() { # version, words, lines of configuration
	begin "${@:3}"
	copies=$(look "$1")
	kill "$server"
	wait "$server" || true
	echo "copies, $2: $copies"
	seen="$seen $copies"
}
try 4 "as it comes, MQTT 3.1.1"
try 5 "as it comes, MQTT 5"
try 4 "allow_duplicate_messages true, MQTT 3.1.1" "allow_duplicate_messages true"
try 4 "allow_duplicate_messages false, MQTT 3.1.1" "allow_duplicate_messages false"
server=
[ "$seen" = " 1 2 2 1" ] || { echo "this is not what was seen of Mosquitto 2.0.11: it has changed" >&2; exit 1; }
echo "as seen before: Mosquitto $version sends one copy to overlapping filters of MQTT 3.1.1, unless it is told otherwise"
