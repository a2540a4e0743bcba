#!/usr/bin/env bash
# mosquitto_sub 2.0.11, as Debian 12 packages it: "--random-filter 100" prints about one message in ten.
#
# Its page says of the option: "Set to 100 to have all messages printed, 50 to have half of the messages received on average
# printed, and so on." It prints a tenth of that; what it does not print it counts for -C all the same.
# (2.1.2, built from Debian's source, does so, too.)
#
# Seen, with the Debian package 2.0.11-1.2+deb12u2, of 1,000 messages of QoS 1 (the number varies):
#
#	without:             1000 printed
#	--random-filter 100: 100 printed
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

# The session is there before the messages, so that all 1,000 are waiting when they are asked for.
count() { # prints how many messages mosquitto_sub prints with the options given
	"$root/usr/bin/mosquitto_sub" -p "$port" -i finding -c -q 1 -t finding -E
	seq 1000 | "$root/usr/bin/mosquitto_pub" -p "$port" -t finding -q 1 -l
	"$root/usr/bin/mosquitto_sub" -p "$port" -i finding -c -q 1 -t finding -C 1000 -W 20 "$@" | wc -l
}
all=$(count)
echo "without:             $all printed"
filtered=$(count --random-filter 100)
echo "--random-filter 100: $filtered printed"
if [ "$all" != 1000 ] || [ "$filtered" -lt 50 ] || [ "$filtered" -gt 200 ]; then
	echo "this is not what was seen of Mosquitto $version: it has changed" >&2
	exit 1
fi
echo "as seen before: mosquitto_sub $version prints a tenth of what --random-filter says"
