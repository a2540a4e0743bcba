#!/usr/bin/env bash
# Mosquitto 2.0.11, as Debian 12 packages it: with max_queued_messages 0, "no maximum", the connection of a client ends at
# each publish that the server refuses.
#
# A good guess is that the option has to do with queues alone: mosquitto.conf(5) says of it "The maximum number of QoS 1 or 2
# messages to hold in the queue (per client) above those messages that are currently in flight. Defaults to 1000. Set to 0
# for no maximum (not recommended)". A client of MQTT 5 is told the refusal, one of MQTT 3.1.1 gets the acknowledgement that it
# always gets, and then both are closed, and nothing says why.
#
# Seen, with the Debian package 2.0.11-1.2+deb12u2, at a QoS 1 publish to a topic that the access list forbids:
#
#	max_queued_messages 1000, MQTT 5:     PUBACK 0x87, the connection goes on
#	max_queued_messages 0, MQTT 5:        PUBACK 0x87, the connection is closed
#	max_queued_messages 1000, MQTT 3.1.1: PUBACK, the connection goes on
#	max_queued_messages 0, MQTT 3.1.1:    PUBACK, the connection is closed
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
look() { # prints what follows a publish that is forbidden, for the version of MQTT given
	python3 - "$port" "$1" <<'END'
import socket, struct, sys

def text(s):
    return struct.pack(">H", len(s)) + s.encode()

version = int(sys.argv[2])
stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20).makefile("rwb")

def send(first, body):
    stream.write(bytes([first, len(body)]) + body)
    stream.flush()

def packet():
    """Returns the next packet, or nothing at the end of the connection."""
    try:
        head = stream.read(2)
        return head + stream.read(head[1]) if len(head) == 2 else b""
    except ConnectionResetError:
        return b""

none = b"\0" if version == 5 else b"" # no properties
send(0x10, text("MQTT") + bytes([version, 2, 0, 60]) + none + text("finding"))
if packet()[:1] != b"\x20":
    sys.exit("no CONNACK")
send(0x32, text("closed") + b"\0\1" + none + b"x")
answer = packet()
if answer[:1] != b"\x40":
    sys.exit("no PUBACK")
try:
    send(0xC0, b"")
    on = packet() == b"\xd0\0"
except BrokenPipeError:
    on = False
print("PUBACK%s, the connection %s" % (" 0x%02x" % answer[4] if len(answer) > 4 else "", "goes on" if on else "is closed"))
END
}
echo 'topic readwrite open' >"$folder/list"
chmod 755 "$folder" # started by root the server becomes another user, who reads the list
seen=
for mqtt in "5 5" "4 3.1.1"; do
	for count in 1000 0; do
		begin "acl_file $folder/list" "max_queued_messages $count"
		said=$(look "${mqtt% *}")
		kill "$server" && wait "$server" || true
		server=
		printf '%-37s %s\n' "max_queued_messages $count, MQTT ${mqtt#* }:" "$said"
		seen="$seen$count ${mqtt#* } $said"$'\n'
	done
done
cat >"$folder/want" <<'END'
1000 5 PUBACK 0x87, the connection goes on
0 5 PUBACK 0x87, the connection is closed
1000 3.1.1 PUBACK, the connection goes on
0 3.1.1 PUBACK, the connection is closed
END
printf %s "$seen" | diff "$folder/want" - || { echo "this is not what was seen of Mosquitto $version: it has changed" >&2; exit 1; }
echo "as seen before: Mosquitto $version with max_queued_messages 0 closes connections at what it refuses"
