#!/usr/bin/env bash
# mosquitto_pub 2.0.11, as Debian 12 packages it: of more than 65,535 lines of -l at QoS 1 most are never sent, and it ends
# with status 0.
#
# Its page says of -l: "Send messages read from stdin, splitting separate lines into separate messages." There are 65,535 packet
# identifiers. It reads lines faster than they are acknowledged, and ends when the identifier of the last line is acknowledged,
# which is for an earlier line that had the same.
# (2.1.2, built from Debian's source, sent 1,755 of 300,000, and 2,724 of 60,000.)
#
# Seen, with the Debian package 2.0.11-1.2+deb12u2, of 300,000 lines (the second number varies a little; 300,000 - 4 * 65,535
# is 37,860):
#
#	-q 0: status 0, 300000 arrived
#	-q 1: status 0, 37867 arrived
#
# The script takes installed Mosquitto packages of that version, or unpacks Debian's and what they need into a temporary
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

# The programs: as installed, or unpacked.
root=
installed() { [ "$(dpkg-query -W -f '${Version}' "$1" 2>/dev/null)" = "$package" ]; }
if ! installed mosquitto || ! installed mosquitto-clients; then
	mkdir -p "$folder/packages/partial"
	apt-get -qq -y -o Debug::NoLocking=1 -o Dir::Cache::archives="$folder/packages" --download-only \
		--reinstall install "mosquitto=$package" "mosquitto-clients=$package" "libmosquitto1=$package" >"$folder/out" 2>&1 || {
		tail -n 3 "$folder/out" >&2
		echo "Debian's mosquitto $package cannot be had here: this is for Debian 12, after apt-get update" >&2
		exit 2
	}
	root=$folder/root
	for file in "$folder"/packages/*.deb; do dpkg -x "$file" "$root"; done
	export LD_LIBRARY_PATH=$root/usr/lib/$(uname -m)-linux-gnu:$root/lib/$(uname -m)-linux-gnu
fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf '%s\n' "listener $port 127.0.0.1" "allow_anonymous true" "max_queued_messages 0" >"$folder/conf"
"$root/usr/sbin/mosquitto" -c "$folder/conf" >"$folder/out" 2>&1 &
server=$!
for _ in $(seq 100); do
	(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
	sleep 0.1
done

# The subscriber is there before the lines, and ends a second after the last of them.
arrived() { # prints the status of mosquitto_pub with -q, and how many of 300,000 lines arrived
	local subscriber status=0
	"$root/usr/bin/mosquitto_sub" -p "$port" -t finding -t ready -q 0 >"$folder/lines" &
	subscriber=$!
	until [ -s "$folder/lines" ]; do
		"$root/usr/bin/mosquitto_pub" -p "$port" -t ready -m ready
		sleep 0.1
	done
	seq 300000 | "$root/usr/bin/mosquitto_pub" -p "$port" -t finding -q "$1" -l || status=$?
	local before=-1 now=0
	while [ "$now" != "$before" ]; do
		before=$now
		sleep 1
		now=$(grep -vc ready "$folder/lines" || true)
	done
	kill "$subscriber"
	wait "$subscriber" 2>/dev/null || true
	echo "status $status, $now arrived"
}
plain=$(arrived 0)
echo "-q 0: $plain"
acknowledged=$(arrived 1)
echo "-q 1: $acknowledged"
count=${acknowledged#status 0, }
count=${count% arrived}
if [ "$plain" != "status 0, 300000 arrived" ] || ! [[ $count =~ ^[0-9]+$ ]] || [ "$count" -ge 200000 ]; then
	echo "this is not what was seen of Mosquitto $version: it has changed" >&2
	exit 1
fi
echo "as seen before: mosquitto_pub $version ends at the first acknowledgement for the last line's packet identifier"
