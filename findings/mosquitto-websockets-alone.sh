#!/usr/bin/env bash
# Mosquitto 2.0.11, as Debian 12 packages it: a configuration whose listeners are all of WebSocket does not start.
#
# A good guess is that it serves browsers and nothing else: mosquitto.conf(5) gives each listener a protocol, mqtt or
# websockets, and says of none that it must be there. The server logs "Opening websockets listen socket", and ends with
# "Unable to start any listening sockets". With a plain listener beside it, it serves both.
#
# Seen, with the Debian package 2.0.11-1.2+deb12u2:
#
#	websockets alone:       ends with status 1: Error: Unable to start any listening sockets, exiting.
#	websockets beside mqtt: serves both
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
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
plain=$(free)
web=$(free)
printf '%s\n' "listener $web 127.0.0.1" "protocol websockets" "allow_anonymous true" >"$folder/alone"
status=0
timeout 10 "$mosquitto" -c "$folder/alone" >"$folder/out" 2>&1 || status=$?
alone="ends with status $status: $(sed -n 's/^[0-9]*: \(Error\)/\1/p' "$folder/out")"
printf '%-23s %s\n' "websockets alone:" "$alone"
{ printf '%s\n' "listener $plain 127.0.0.1" "protocol mqtt"; cat "$folder/alone"; } >"$folder/beside"
"$mosquitto" -c "$folder/beside" >"$folder/out" 2>&1 &
server=$!
for _ in $(seq 100); do
	if answers "$plain" && answers "$web"; then break; fi
	sleep 0.1
done
beside="does not serve both"
if answers "$plain" && answers "$web"; then beside="serves both"; fi
printf '%-23s %s\n' "websockets beside mqtt:" "$beside"
if [ "$alone" != "ends with status 1: Error: Unable to start any listening sockets, exiting." ] || [ "$beside" != "serves both" ]; then
	echo "this is not what was seen of Mosquitto $version: it has changed" >&2
	exit 1
fi
echo "as seen before: Mosquitto $version does not start with WebSocket listeners alone"
