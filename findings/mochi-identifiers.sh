#!/usr/bin/env bash
# mochi-mqtt 2.7.9: a SUBSCRIBE is refused whose packet identifier is that of a message which the server has sent and the client
# has not acknowledged yet.
#
# A good guess is that it is granted: "The Client assigns Packet Identifiers independently from a Packet Identifier assigned by
# the Server", MQTT 5 section 2.2.1. A client that counts from 1 and subscribes while messages come meets this soon.
#
# Seen, with the Go module github.com/mochi-mqtt/server/v2 v2.7.9:
#
#	SUBSCRIBE 1 while message 1 is not acknowledged: 0x91
#	SUBSCRIBE 1 after its acknowledgement: 0x01
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
    """A connection of MQTT 5; packets are below 128 bytes. properties are those of CONNECT."""
    def __init__(self, name, properties=b"", clean=1):
        self.socket = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
        self.stream = self.socket.makefile("rb")
        self.send(0x10, text("MQTT") + bytes([5, 2 * clean, 0, 60, len(properties)]) + properties + text(name))
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
        """Returns the answer's reason code."""
        self.send(0x82, b"\0\1\0" + text(filter) + b"\1")
        return self.expect(0x90)[-1]
    def publish(self, topic, payload, number):
        self.send(0x32, text(topic) + struct.pack(">H", number) + b"\0" + payload.encode())
        self.expect(0x40)
    def message(self):
        """Returns the packet identifier."""
        body = self.expect(0x30)
        n = 2 + struct.unpack(">H", body[:2])[0]
        return body[n:n+2]

subscriber = Client("finding-subscriber")
subscriber.subscribe("finding/#")
Client("finding-publisher").publish("finding/t", "m1", 7)
identifier = subscriber.message()
seen = [subscriber.subscribe("finding-other")]
subscriber.send(0x40, identifier)
seen.append(subscriber.subscribe("finding-other"))
print("SUBSCRIBE 1 while message %d is not acknowledged: 0x%02x" % (identifier[1], seen[0]))
print("SUBSCRIBE 1 after its acknowledgement: 0x%02x" % seen[1])
if identifier != b"\0\1" or seen != [0x91, 1]:
    sys.exit("this is not what was seen of mochi-mqtt 2.7.9: it has changed")
END
echo "as seen before: mochi-mqtt $version takes its own packet identifiers for those of the client"
