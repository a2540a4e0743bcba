#!/usr/bin/env bash
# mochi-mqtt 2.7.9: a QoS 1 message to $SYS is never answered.
#
# A good guess is a PUBACK: a server that does not take a message "MUST either make a positive acknowledgement, according to
# the normal QoS rules, or close the Network Connection" [MQTT-3.3.5-2] of 3.1.1, and MQTT 5 has reason codes for it, of which
# Mosquitto sends 0x87 Not authorized. The server drops the message and says nothing, so that a client waits for ever, or
# takes the connection for broken, and sends the message again on the next one.
#
# Seen, with the Go module github.com/mochi-mqtt/server/v2 v2.7.9:
#
#	published messages 1 to $SYS/x and 2 to other/x: PUBACK of 2 comes first
#	then PINGREQ: PINGRESP comes, and no PUBACK of 1
#
# The script builds a server of the module in a temporary folder (Go modules are downloaded). It needs Linux, Bash, Python
# 3 and Go; no code of this project takes part. It ends with status 0 when it sees what is written above, and with 1 when
# not.
set -euo pipefail
version=v2.7.9
folder=$(mktemp -d)
server=
end() {
	[ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; }
	rm -rf "$folder"
}
trap end EXIT
cd "$folder"
cat >main.go <<'END'
package main

import (
	"fmt"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

func main() {
	server := mqtt.New(nil)
	listener := listeners.NewTCP(listeners.Config{ID: "t", Address: "127.0.0.1:0"})
	fmt.Println(server.AddHook(new(auth.AllowHook), nil), server.AddListener(listener), server.Serve(), listener.Address())
	select {}
}
END
{ go mod init finding && go get "github.com/mochi-mqtt/server/v2/hooks/auth@$version" && go build -o finding .; } >out 2>&1 || {
	tail -n 3 out >&2
	echo "mochi-mqtt $version cannot be built here" >&2
	exit 2
}
./finding >address 2>out &
server=$!
for _ in $(seq 100); do
	grep -qs '<nil> <nil> <nil>' address && break
	sleep 0.1
done
port=$(sed -n 's/^<nil> <nil> <nil> .*://p' address)
[ -n "$port" ] || { echo "mochi-mqtt does not start: $(cat address)" >&2; exit 2; }

python3 - "$port" <<'END'
import socket, struct, sys

def text(s):
    return struct.pack(">H", len(s)) + s.encode()

class Client:
    """A connection of MQTT 5; packets are below 128 bytes."""
    def __init__(self, name):
        self.socket = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
        self.stream = self.socket.makefile("rb")
        self.send(0x10, text("MQTT") + b"\5\2\0\x3c\0" + text(name))
        self.expect(0x20)
    def send(self, first, body):
        self.socket.sendall(bytes([first, len(body)]) + body)
    def packet(self):
        head = self.stream.read(2)
        if len(head) < 2:
            sys.exit("the server has ended the connection")
        return head[0], self.stream.read(head[1])
    def expect(self, kind):
        first, body = self.packet()
        if first & 0xF0 != kind:
            sys.exit("got packet %02x, want %02x" % (first, kind))
        return body
    def publish(self, topic, number):
        self.send(0x32, text(topic) + struct.pack(">H", number) + b"\0m")

client = Client("finding")
client.publish("$SYS/x", 1)
client.publish("other/x", 2)
first = struct.unpack(">H", client.expect(0x40)[:2])[0]
print("published messages 1 to $SYS/x and 2 to other/x: PUBACK of %d comes first" % first)
client.send(0xC0, b"")
kind, _ = client.packet()
if first != 2 or kind != 0xD0:
    sys.exit("this is not what was seen of mochi-mqtt 2.7.9: it has changed")
print("then PINGREQ: PINGRESP comes, and no PUBACK of 1")
END
echo "as seen before: mochi-mqtt $version leaves messages to \$SYS unanswered"
