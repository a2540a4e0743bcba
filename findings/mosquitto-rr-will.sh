#!/usr/bin/env bash
# mosquitto_rr 2.0.11, as Debian 12 packages it: it has its own will published whenever it gets the answer.
#
# Its page says of --will-payload that it is what "will be sent by the broker in the event of the client disconnecting
# unexpectedly". mosquitto_rr prints the answer, ends with status 0, and has sent no DISCONNECT, so that the broker takes
# each success for such an event. (2.1.2, built from Debian's source, does so, too.) A time-out (-W) does send it.
#
# Seen, with the Debian package 2.0.11-1.2+deb12u2, of one request that was answered:
#
#	status 0, and a subscriber of the will got: gone
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

sub="$root/usr/bin/mosquitto_sub -p $port -W 10"
# The sessions are there before anything is published. The responder answers the first request.
for session in wills responder; do
	$sub -i "$session" -c -q 1 -t "finding/$session" -E
done
(
	$sub -i responder -c -q 1 -t finding/responder -C 1 >/dev/null
	"$root/usr/bin/mosquitto_pub" -p "$port" -t finding/answer -q 1 -m answer
) &
status=0
answer=$("$root/usr/bin/mosquitto_rr" -p "$port" -W 10 -q 1 -t finding/responder -e finding/answer -m ask \
	--will-topic finding/wills --will-payload gone --will-qos 1) || status=$?
got=$($sub -i wills -c -q 1 -t finding/wills -C 1 || true)
echo "status $status, and a subscriber of the will got: $got"
if [ "$answer" != answer ] || [ "$status" != 0 ] || [ "$got" != gone ]; then
	echo "this is not what was seen of Mosquitto $version: it has changed" >&2
	exit 1
fi
echo "as seen before: mosquitto_rr $version has its will published when it succeeds"
