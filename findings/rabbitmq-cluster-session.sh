#!/usr/bin/env bash
# RabbitMQ 3.10.8 with its MQTT plugin, as Debian 12 packages it, as a cluster with its default settings: a message of QoS 1
# for a session whose node is down is answered with PUBACK, and thrown away.
#
# A good guess is that it waits for the session: on the other node, or unacknowledged until the node is back. The session
# itself, with what had come before, survives: it is a durable queue on the disk of the node where the client was when it
# subscribed. While that node is down the others know of no queue, so that the message has nowhere to go, which for
# RabbitMQ is reason enough to confirm it. The setting mqtt.durable_queue_type = quorum puts sessions on several nodes.
#
# Seen, with the Debian package 3.10.8-1.1+deb12u1 and two nodes, the subscriber away, its session on the second node:
#
#	while both run:            PUBLISH before, PUBACK
#	the second node is killed: PUBLISH meanwhile, PUBACK
#	the second node is back:   PUBLISH after, PUBACK
#	the subscriber is back:    session present 1; before after
#
# The script takes an installed rabbitmq-server, or unpacks Debian's packages into a temporary folder (35 MB are
# downloaded, nothing is installed). It needs Linux, Bash, Python 3 and apt-get; no code of this project takes part. It
# ends with status 0 when it sees what is written above, and with 1 when not.
set -euo pipefail
version=3.10.8
package=3.10.8-1.1+deb12u1
folder=$(mktemp -d)
epmd= client=
nodes=()
end() {
	for pid in $client "${nodes[@]}" $epmd; do kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
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
export HOME=$folder ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT ERL_CRASH_DUMP=/dev/null
ERL_EPMD_PORT=$(free)
export RABBITMQ_ENABLED_PLUGINS_FILE=$folder/plugins RABBITMQ_CONF_ENV_FILE=$folder/none RABBITMQ_PLUGINS_DIR=$base/plugins
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} -setcookie finding"
export RUNNING_UNDER_SYSTEMD=true # the script becomes the server, rather than to wait for it
touch "$folder/none"
echo '[rabbitmq_mqtt].' >"$folder/plugins"
ports=("$(free)" "$(free)") links=("$(free)" "$(free)")
for i in 0 1; do
	mkdir "$folder/$i"
	cat >"$folder/$i/rabbitmq.conf" <<-END
		listeners.tcp = none
		mqtt.listeners.tcp.1 = 127.0.0.1:${ports[i]}
		cluster_formation.peer_discovery_backend = classic_config
		cluster_formation.classic_config.nodes.1 = finding0@localhost
		cluster_formation.classic_config.nodes.2 = finding1@localhost
	END
done

start() { # the node of a number, and wait until it serves
	local own=$folder/$1
	: >"$own/out"
	RABBITMQ_NODENAME=finding$1@localhost RABBITMQ_DIST_PORT=${links[$1]} RABBITMQ_MNESIA_BASE=$own/db \
		RABBITMQ_LOG_BASE=$own/log RABBITMQ_CONFIG_FILE=$own/rabbitmq "$base/sbin/rabbitmq-server" >"$own/out" 2>&1 </dev/null &
	nodes[$1]=$!
	for _ in $(seq 240); do
		! grep -q 'Starting broker... completed' "$own/out" || return 0
		kill -0 "${nodes[$1]}" 2>/dev/null || break
		sleep 0.5
	done
	echo "RabbitMQ does not start:" >&2
	tail -n 20 "$own/out" >&2
	exit 2
}
epmd >/dev/null 2>&1 &
epmd=$!
start 0
start 1

# The client does a step for each line that it reads, and prints a line for each.
cat >"$folder/client.py" <<'END'
import socket, struct, sys

def text(s):
    return struct.pack(">H", len(s)) + s.encode()

class Client:
    """A connection of MQTT 3.1.1; packets are below 128 bytes."""
    def __init__(self, port, name, clean):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.stream = self.socket.makefile("rb")
        self.send(0x10, text("MQTT") + bytes([4, 0xc0 | clean << 1, 0, 0]) + text(name) + text("guest") + text("guest"))
        self.present = self.expect(0x20)[0]
    def send(self, first, body):
        self.socket.sendall(bytes([first, len(body)]) + body)
    def packet(self):
        first, length = self.stream.read(2)
        return first, self.stream.read(length)
    def expect(self, kind):
        first, body = self.packet()
        if first & 0xF0 != kind:
            sys.exit("got packet %02x, want %02x" % (first, kind))
        return body
    def publish(self, payload):
        self.send(0x32, text("finding/t") + b"\0\1" + payload.encode())
        self.expect(0x40)

def step():
    sys.stdin.readline()

ports = [int(p) for p in sys.argv[1:]]
subscriber = Client(ports[1], "finding-subscriber", 0)
subscriber.send(0x82, b"\0\1" + text("finding/t") + b"\1")
subscriber.expect(0x90)
subscriber.send(0xE0, b"")
publisher = Client(ports[0], "finding-publisher", 1)
for payload in "before", "meanwhile", "after":
    publisher.publish(payload)
    print("PUBLISH %s, PUBACK" % payload, flush=True)
    step()
subscriber = Client(ports[1], "finding-subscriber", 0)
subscriber.send(0x82, b"\0\2" + text("finding/t") + b"\1")
publisher.publish("last")
got = []
while got[-1:] != ["last"]:
    first, body = subscriber.packet()
    if first & 0xF0 == 0x30:
        n = 2 + struct.unpack(">H", body[:2])[0]
        got.append(body[n + 2:].decode())
        subscriber.send(0x40, body[n:n + 2])
print("session present %d; %s" % (subscriber.present, " ".join(got[:-1])), flush=True)
END
mkfifo "$folder/to" "$folder/from"
python3 "$folder/client.py" "${ports[@]}" <"$folder/to" >"$folder/from" &
client=$!
exec 3>"$folder/to" 4<"$folder/from"
seen=()
next() {
	IFS= read -r -t 120 -u 4 line || { echo "the client says no more" >&2; exit 1; }
	echo "$1 $line"
	seen+=("$line")
}
next "while both run:            "
kill -KILL "${nodes[1]}"
wait "${nodes[1]}" 2>/dev/null || true
for _ in $(seq 120); do # until the first node has noticed
	! grep -q "rabbit on node finding1@localhost down" "$folder/0/log"/*.log || break
	sleep 0.5
done
echo >&3
next "the second node is killed: "
start 1
echo >&3
next "the second node is back:   "
echo >&3
next "the subscriber is back:    "
want=("PUBLISH before, PUBACK" "PUBLISH meanwhile, PUBACK" "PUBLISH after, PUBACK" "session present 1; before after")
for i in 0 1 2 3; do
	[ "${seen[i]}" = "${want[i]}" ] || { echo "this is not what was seen of RabbitMQ $version: it has changed" >&2; exit 1; }
done
echo "as seen before: RabbitMQ $version acknowledges messages for a session whose node is down, and throws them away"
