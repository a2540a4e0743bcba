#!/usr/bin/env bash
# Mosquitto 2.0.11, as Debian 12 packages it: a new shared subscription gets the retained messages, and each member does.
#
# A good guess is that it gets none: "No Retained Messages are sent to the Session when it first subscribes" to a Shared
# Subscription, MQTT 5 section 4.8.2. A shared subscription is there for work that one of several members is to do, and here
# each new or restarted member does the retained work again, with no reason code or property to tell it apart.
#
# Seen, with the Debian package 2.0.11-1.2+deb12u2:
#
#	first member of $share/g/finding/#:  gets "work"
#	second member of $share/g/finding/#: gets "work"
#	the first one meanwhile:             gets nothing
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
begin
python3 - "$port" <<'END'
import socket, struct, sys

def text(s):
    return struct.pack(">H", len(s)) + s.encode()

class Client:
    """A connection of MQTT 5; packets are below 128 bytes."""
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

publisher = Client("finding-publisher")
publisher.send(0x31, text("finding/t") + b"\0" + b"work")
publisher.settle()

def member(name):
    c = Client(name)
    c.send(0x82, b"\0\1\0" + text("$share/g/finding/#") + b"\0")
    c.expect(0x90)
    return c, c.settle() + c.settle()

first, one = member("finding-1")
second, two = member("finding-2")
three = first.settle()
say = lambda seen: "gets " + (", ".join('"%s"' % s for s in seen) or "nothing")
print("first member of $share/g/finding/#: ", say(one))
print("second member of $share/g/finding/#:", say(two))
print("the first one meanwhile:            ", say(three))
if (one, two, three) != (["work"], ["work"], []):
    sys.exit("this is not what was seen of Mosquitto 2.0.11: it has changed")
END
echo "as seen before: Mosquitto $version sends retained messages to shared subscriptions"
