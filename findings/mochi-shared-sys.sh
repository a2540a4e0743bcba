#!/usr/bin/env bash
# mochi-mqtt 2.7.9: a shared subscription to # gets the messages of $SYS.
#
# A good guess is that it gets what a plain one to # gets: the server "MUST NOT match Topic Filters starting with a wildcard
# character (# or +) with Topic Names beginning with a $ character" [MQTT-4.7.2-1], and the filter of $share/group/# is #. The
# server sends its statistics to it, some twenty messages a second.
#
# Seen, with the Go module github.com/mochi-mqtt/server/v2 v2.7.9:
#
#	subscribed to $share/group/# alone, the first message is of $SYS/broker/
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
    def subscribe(self, filter):
        self.send(0x82, b"\0\1\0" + text(filter) + b"\1")
        self.expect(0x90)
    def topic(self):
        body = self.expect(0x30)
        return body[2:2 + struct.unpack(">H", body[:2])[0]].decode()

client = Client("finding")
client.subscribe("$share/group/#")
topic = client.topic()[:12]
print("subscribed to $share/group/# alone, the first message is of", topic)
if topic != "$SYS/broker/":
    sys.exit("this is not what was seen of mochi-mqtt 2.7.9: it has changed")
END
echo "as seen before: mochi-mqtt $version has shared wildcards match topics that begin with \$"
