#!/usr/bin/env bash
# RabbitMQ 3.10.8 with its MQTT plugin, as Debian 12 packages it: a PUBLISH of QoS 2 is answered with PUBACK.
#
# A good guess is that a server answers with PUBREC, or ends the connection: "The receiver of a QoS 2 PUBLISH Packet
# acknowledges receipt with a two-step acknowledgement process", "MUST respond with a PUBREC" [MQTT-4.3.3-2] of
# MQTT 3.1.1, which gives a server no way to announce that it lacks QoS 2. A subscription of QoS 2 is honest: it is
# granted QoS 1. A client that waits for PUBREC alone waits for ever, and the packet identifier stays taken.
#
# Seen, with the Debian package 3.10.8-1.1+deb12u1:
#
#	SUBSCRIBE with QoS 2: granted 1
#	PUBLISH with QoS 2:   40 0007, PUBACK; nothing more for packet identifier 7
#	the subscriber gets the message
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
    """A connection of MQTT 3.1.1, Clean Session 1; packets are below 128 bytes."""
    def __init__(self, name):
        self.socket = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
        self.stream = self.socket.makefile("rb")
        self.send(0x10, text("MQTT") + b"\x04\xc2\x00\x3c" + text(name) + text("guest") + text("guest"))
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

subscriber, publisher = Client("finding-1"), Client("finding-2")
granted = subscriber.subscribe("finding/t", 2)
print("SUBSCRIBE with QoS 2: granted", granted)
publisher.send(0x34, text("finding/t") + b"\x00\x07" + b"m")
first, body = publisher.packet()
rest = publisher.settle()
print("PUBLISH with QoS 2:   %02x %s, %s; nothing more for packet identifier 7" % (first, body.hex(), {0x40: "PUBACK", 0x50: "PUBREC"}.get(first)))
subscriber.expect(0x30)
print("the subscriber gets the message")
if (granted, first, body, rest) != (1, 0x40, b"\x00\x07", []):
    sys.exit("this is not what was seen of RabbitMQ 3.10.8: it has changed")
END
echo "as seen before: RabbitMQ $version answers QoS 2 with PUBACK"
