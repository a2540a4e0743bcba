#!/usr/bin/env bash
# Runs one process of a cluster of RabbitMQ 3.10: a node, or the port mapper by which nodes find each other. It prints the
# process identifier, and ends with it when its standard input does, so that it cannot outlive the test that started it. What a
# node stores stays in FOLDER/NAME, for its next start.
#
#	rabbitmq.sh FOLDER PORT-OF-THE-MAPPER mapper
#	rabbitmq.sh FOLDER PORT-OF-THE-MAPPER node NAME PORT-OF-THE-NODE ARGUMENTS-OF-ERLANG
#	rabbitmq.sh FOLDER PORT-OF-THE-MAPPER eval NAME        evaluates Erlang from the standard input on a node
#
# FOLDER/NAME/rabbitmq.conf has the node's settings. RabbitMQ is the installed one, or the one that
# ci/install-test-tools unpacked into .tools/rabbitmq.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$1 mapper=$2 what=$3

. internal/testserver/rabbitmq.sh

export HOME=$folder ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$mapper ERL_CRASH_DUMP=/dev/null
cookie=dunlin
if [ "$what" = eval ]; then # under a name of its own: a node refuses one that it takes for connected still
	exec erl_call -h "eval$$" -c "$cookie" -n "$4@127.0.0.1" -timeout 20 -e
fi

child=
end() {
	trap '' INT TERM HUP PIPE # a second Ctrl-C must not keep it from this
	[ -z "$child" ] || kill -KILL "$child" 2>/dev/null || true
	wait 2>/dev/null || true
}
trap end EXIT
if [ "$what" = mapper ]; then
	epmd >"$folder/mapper" 2>&1 </dev/null &
else
	name=$4 own=$folder/$4
	export RABBITMQ_DIST_PORT=$5 RABBITMQ_USE_LONGNAME=true RABBITMQ_NODENAME=$name@127.0.0.1
	export RABBITMQ_MNESIA_BASE=$own/db RABBITMQ_LOG_BASE=$own/log RABBITMQ_CONFIG_FILE=$own/rabbitmq
	export RABBITMQ_ENABLED_PLUGINS_FILE=$folder/plugins
	export RABBITMQ_CONF_ENV_FILE=$folder/none RABBITMQ_PLUGINS_DIR=$base/plugins
	export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} -setcookie $cookie $6"
	export RABBITMQ_SCHEDULER_BIND_TYPE=u # several nodes share the machine: bound to its cores they would get in each other's way
	export RUNNING_UNDER_SYSTEMD=true # the script becomes the server, rather than to wait for it
	unset NOTIFY_SOCKET
	"$base/sbin/rabbitmq-server" >>"$own/out" 2>&1 </dev/null &
fi
child=$!
echo "$child"
exec 2>/dev/null # the shell says of a server that was killed that it was
cat >/dev/null
