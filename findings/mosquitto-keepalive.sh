#!/usr/bin/env bash
# Mosquitto 2.0.11, as Debian 12 packages it: an MQTT 5 client that switches keep alive off is told to use one of 65,535 s.
#
# Its page mosquitto.conf(5) says of max_keepalive that clients "may only connect with keepalive less than or equal to
# this value, otherwise they will be sent a server keepalive", that 65535 is the default, and not that 0 is a case of its
# own. In MQTT 5 "if the Server sends a Server Keep Alive on the CONNACK packet, the Client MUST use this value instead of the
# Keep Alive value the Client sent" [MQTT-3.2.2-21]: so a client that wanted no pings pings each 18 hours, and one that takes
# its own 0 for "never" is disconnected after 27. MQTT 3.1.1 has no way to say it: there 0 stays 0.
#
# Seen, with the Debian package 2.0.11-1.2+deb12u2; identifier 0x13 is Server Keep Alive:
#
#	keep alive 0:     Server Keep Alive 65535
#	keep alive 60:    no Server Keep Alive
#	keep alive 65535: no Server Keep Alive
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

def server_keep_alive(connack):
    properties = connack[3:3 + connack[2]]
    while properties:
        if properties[0] == 0x13:
            return "Server Keep Alive %d" % struct.unpack(">H", properties[1:3])
        # What Mosquitto sends beside it: Receive Maximum and Topic Alias Maximum, two bytes each.
        if properties[0] not in (0x21, 0x22):
            sys.exit("an unexpected property: %02x" % properties[0])
        properties = properties[3:]
    return "no Server Keep Alive"

seen = []
for keep in (0, 60, 65535):
    seen.append(server_keep_alive(Client("finding-%d" % keep, 5, keep).connack))
    print("%-17s %s" % ("keep alive %d:" % keep, seen[-1]))
if seen != ["Server Keep Alive 65535", "no Server Keep Alive", "no Server Keep Alive"]:
    sys.exit("this is not what was seen of Mosquitto 2.0.11: it has changed")
END
echo "as seen before: Mosquitto $version makes 65,535 s of a keep alive of 0"
