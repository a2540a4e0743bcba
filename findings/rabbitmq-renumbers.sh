#!/usr/bin/env bash
# RabbitMQ 3.10.8 with its MQTT plugin, as Debian 12 packages it: when a session goes on, the QoS 1 messages that were
# not acknowledged come again, with DUP, but under NEW packet identifiers, from 1 on.
#
# A good guess is that they keep them: "the Client and Server MUST re-send any unacknowledged PUBLISH Packets (where
# QoS > 0) and PUBREL Packets using their original Packet Identifiers" [MQTT-4.4.0-1] of MQTT 3.1.1. So a client
# must not conclude from DUP and a known identifier that it has seen a message: it would acknowledge messages that no
# handler ever got, and they would be gone.
#
# Seen, with the Debian package 3.10.8-1.1+deb12u1:
#
#	first connection:  id 1 dup 0 m1, id 2 dup 0 m2, id 3 dup 0 m3, id 4 dup 0 m4; PUBACK for 1 and 2, link broken
#	second connection: session present 1; id 1 dup 1 m3, id 2 dup 1 m4
#
# The script takes an installed rabbitmq-server, or unpacks Debian's packages into a temporary folder (35 MB are
# downloaded, nothing is installed). It needs Linux, Bash, Python 3 and apt-get; no code of this project takes part. It
# ends with status 0 when it sees what is written above, and with 1 when not.
set -euo pipefail
version=3.10.8
package=3.10.8-1.1+deb12u1
folder=$(mktemp -d)
epmd= server=
end() {
	for pid in $server $epmd; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
	rm -rf "$folder"
}
trap end EXIT

# The server: as installed, or unpacked.
root=
base=/usr/lib/rabbitmq/lib/rabbitmq_server-$version
if [ ! -d "$base" ]; then
	root=$folder/root
	mkdir -p "$root" "$folder/packages/partial"
	apt-get -qq -y -o Debug::NoLocking=1 -o Dir::Cache::archives="$folder/packages" --download-only \
		install "rabbitmq-server=$package" >"$folder/out" 2>&1 || {
		tail -n 3 "$folder/out" >&2
		echo "Debian's rabbitmq-server $package cannot be had here: this is for Debian 12, after apt-get update" >&2
		exit 2
	}
	for file in "$folder"/packages/*.deb; do dpkg -x "$file" "$root"; done
	base=$root$base
	[ ! -f "$root/usr/lib/erlang/bin/erl" ] || # Erlang may be installed
		sed -i "s#ROOTDIR=/usr/lib/erlang#ROOTDIR=$root/usr/lib/erlang#" "$root/usr/lib/erlang/bin/erl"
	export LD_LIBRARY_PATH=$root/usr/lib/$(uname -m)-linux-gnu ERL_LIBS=$root/usr/lib/erlang/lib
fi
PATH=$root/usr/lib/erlang/bin:$PATH

free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free)
export HOME=$folder ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT RABBITMQ_DIST_PORT ERL_CRASH_DUMP=$folder/crash
ERL_EPMD_PORT=$(free)
RABBITMQ_DIST_PORT=$(free)
export RABBITMQ_NODENAME=finding@localhost RABBITMQ_MNESIA_BASE=$folder/db RABBITMQ_LOG_BASE=$folder/log
export RABBITMQ_CONFIG_FILE=$folder/rabbitmq RABBITMQ_ENABLED_PLUGINS_FILE=$folder/plugins
export RABBITMQ_CONF_ENV_FILE=$folder/none RABBITMQ_PLUGINS_DIR=$base/plugins
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
mkdir "$folder/db" "$folder/log"
touch "$folder/none"
echo '[rabbitmq_mqtt].' >"$folder/plugins"
cat >"$folder/rabbitmq.conf" <<END
listeners.tcp = none
mqtt.listeners.tcp.1 = 127.0.0.1:$port
END
epmd >/dev/null 2>&1 &
epmd=$!
"$base/sbin/rabbitmq-server" >"$folder/out" 2>&1 &
server=$!
for _ in $(seq 120); do
	grep -q 'Starting broker... completed' "$folder/out" && break
	kill -0 "$server" 2>/dev/null || break
	sleep 0.5
done
grep -q 'Starting broker... completed' "$folder/out" || { echo "RabbitMQ does not start:" >&2; tail -n 20 "$folder/out" >&2; exit 2; }

python3 - "$port" <<'END'
import socket, struct, sys

def text(s):
    return struct.pack(">H", len(s)) + s.encode()

class Client:
    """A connection; packets are below 128 bytes."""
    def __init__(self, name):
        self.socket = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
        # MQTT 3.1.1, Clean Session 0, keep alive 60 s, the default user of RabbitMQ on the loopback
        self.send(0x10, text("MQTT") + b"\x04\xc0\x00\x3c" + text(name) + text("guest") + text("guest"))
        self.present = self.expect(0x20)[0]
    def send(self, first, body):
        self.socket.sendall(bytes([first, len(body)]) + body)
    def read(self, n):
        b = b""
        while len(b) < n:
            more = self.socket.recv(n - len(b))
            if not more:
                sys.exit("RabbitMQ has ended the connection")
            b += more
        return b
    def packet(self):
        first, length = self.read(2)
        return first, self.read(length)
    def expect(self, kind):
        first, body = self.packet()
        if first & 0xF0 != kind:
            sys.exit("got packet %02x, want %02x" % (first, kind))
        return body
    def message(self):
        first, body = self.packet()
        n = 2 + struct.unpack(">H", body[:2])[0]
        return "id %d dup %d %s" % (struct.unpack(">H", body[n:n+2])[0], first >> 3 & 1, body[n+2:].decode())
    def publish(self, number):
        self.send(0x32, text("finding/t") + struct.pack(">H", number) + b"m%d" % number)
        self.expect(0x40)

subscriber = Client("finding-subscriber")
subscriber.send(0x82, b"\x00\x01" + text("finding/#") + b"\x01")
subscriber.expect(0x90)
publisher = Client("finding-publisher")
for number in range(1, 5):
    publisher.publish(number)
first = [subscriber.message() for _ in range(4)]
print("first connection: ", ", ".join(first))
for number in (1, 2):
    subscriber.send(0x40, struct.pack(">H", number))
subscriber.send(0xC0, b"") # its answer tells that the acknowledgements were read
subscriber.expect(0xD0)
subscriber.socket.close()
again = Client("finding-subscriber")
second = [again.message() for _ in range(2)]
print("second connection: session present %d; %s" % (again.present, ", ".join(second)))
same = (first == ["id %d dup 0 m%d" % (n, n) for n in range(1, 5)]
        and again.present == 1 and second == ["id 1 dup 1 m3", "id 2 dup 1 m4"])
if not same:
    sys.exit("this is not what was seen of RabbitMQ 3.10.8: it has changed")
END
echo "as seen before: RabbitMQ $version gives repeated messages new packet identifiers"
