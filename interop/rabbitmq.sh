#!/usr/bin/env bash
# Serves MQTT and MQTT over WebSocket with RabbitMQ, from a folder of its own and with a port mapper of its own, so that
# neither a RabbitMQ of this machine nor its settings are touched. It prints "ready" when it serves, and ends when its
# standard input does, so that it cannot outlive the test that started it.
#
#	rabbitmq.sh FOLDER MQTT-PORT WEBSOCKET-PORT PORT-OF-THE-MAPPER PORT-OF-THE-NODE
#
# RabbitMQ is the installed one, or the one that ci/install-test-tools unpacked into .tools/rabbitmq.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$1 mqtt=$2 web=$3 mapper=$4 node=$5

root=
base=$(echo /usr/lib/rabbitmq/lib/rabbitmq_server-*)
if [ ! -d "$base" ]; then
	root=$PWD/.tools/rabbitmq
	base=$(echo "$root"/usr/lib/rabbitmq/lib/rabbitmq_server-*)
	export LD_LIBRARY_PATH=$root/usr/lib/$(uname -m)-linux-gnu
fi
if [ ! -d "$base" ]; then
	echo "RabbitMQ is not installed" >&2
	exit 1
fi
PATH=$root/usr/lib/erlang/bin:$root/usr/bin:$PATH

export HOME=$folder ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$mapper RABBITMQ_DIST_PORT=$node
export RABBITMQ_NODENAME=interop$mqtt@localhost RABBITMQ_MNESIA_BASE=$folder/db RABBITMQ_LOG_BASE=$folder/log
export RABBITMQ_CONFIG_FILE=$folder/rabbitmq RABBITMQ_ENABLED_PLUGINS_FILE=$folder/plugins
export RABBITMQ_CONF_ENV_FILE=$folder/none RABBITMQ_PLUGINS_DIR=$base/plugins
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
mkdir -p "$folder/db" "$folder/log"
touch "$folder/none"
echo '[rabbitmq_mqtt,rabbitmq_web_mqtt].' >"$folder/plugins"
cat >"$folder/rabbitmq.conf" <<END
listeners.tcp = none
mqtt.listeners.tcp.1 = 127.0.0.1:$mqtt
web_mqtt.tcp.ip = 127.0.0.1
web_mqtt.tcp.port = $web
END

epmd= server=
end() {
	for pid in $server $epmd; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
	done
}
trap end EXIT
epmd >/dev/null 2>&1 </dev/null &
epmd=$!
"$base/sbin/rabbitmq-server" >"$folder/out" 2>&1 </dev/null &
server=$!
for _ in $(seq 600); do
	if grep -q 'Starting broker... completed' "$folder/out"; then
		echo ready
		cat >/dev/null
		exit 0
	fi
	kill -0 "$server" 2>/dev/null || break
	sleep 0.1
done
echo "RabbitMQ did not start:" >&2
tail -n 20 "$folder/out" >&2
exit 1
