#!/usr/bin/env bash
# Serves MQTT and MQTT over WebSocket with RabbitMQ 3.10, from a temporary folder of its own and with a port mapper of its
# own, so that neither a RabbitMQ of this machine nor its settings are touched. It prints "ready" when it serves, and ends
# when its standard input does, so that it cannot outlive the test that started it.
#
#	rabbitmq.sh MQTT-PORT WEBSOCKET-PORT PORT-OF-THE-MAPPER PORT-OF-THE-NODE
#
# It ends with status 75 when somebody else has taken a port. RabbitMQ is the installed one, or the one that
# ci/install-test-tools unpacked into .tools/rabbitmq.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mqtt=$1 web=$2 mapper=$3 node=$4

folder=$(mktemp -d)
epmd= server=
end() {
	trap '' INT TERM HUP PIPE # a second Ctrl-C must not keep it from this
	for pid in $server $epmd; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
	done
	rm -rf "$folder"
}
trap end EXIT

. internal/testserver/rabbitmq.sh

export HOME=$folder ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$mapper RABBITMQ_DIST_PORT=$node ERL_CRASH_DUMP=$folder/crash
export RABBITMQ_USE_LONGNAME=true RABBITMQ_NODENAME=interop$mqtt@127.0.0.1 RABBITMQ_MNESIA_BASE=$folder/db RABBITMQ_LOG_BASE=$folder/log
export RABBITMQ_CONFIG_FILE=$folder/rabbitmq RABBITMQ_ENABLED_PLUGINS_FILE=$folder/plugins
export RABBITMQ_CONF_ENV_FILE=$folder/none RABBITMQ_PLUGINS_DIR=$base/plugins
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
mkdir "$folder/db" "$folder/log"
touch "$folder/none"
echo '[rabbitmq_mqtt,rabbitmq_web_mqtt].' >"$folder/plugins"
cat >"$folder/rabbitmq.conf" <<END
listeners.tcp = none
mqtt.listeners.tcp.1 = 127.0.0.1:$mqtt
web_mqtt.tcp.ip = 127.0.0.1
web_mqtt.tcp.port = $web
END

epmd >"$folder/mapper" 2>&1 </dev/null &
epmd=$!
until timeout 1 epmd -names >/dev/null 2>&1; do # otherwise RabbitMQ starts one, which stays
	kill -0 "$epmd" 2>/dev/null || { cat "$folder/mapper" >&2; exit 75; }
	sleep 0.1
done
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
! grep -qE 'eaddrinuse|address already in use|port_already_used' "$folder/out" || exit 75
echo "RabbitMQ did not start:" >&2
tail -n 20 "$folder/out" >&2
exit 1
