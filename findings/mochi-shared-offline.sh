#!/usr/bin/env bash
# mochi-mqtt 2.7.9: messages of a shared subscription go to a member that is away, though another one is connected.
#
# A good guess is that they go to who is there. MQTT 5 section 4.8.2 leaves the choice to the server, and forbids it to give
# a message to another member later, when the session of the first one ends. This server picks a member at random, whether
# connected or not. Of two workers of which one is away with a session of a week, half of the work waits for a week, while
# the other worker is idle; and if the session ends first, that half is gone.
#
# Seen, with the Go module github.com/mochi-mqtt/server/v2 v2.7.9; the share is random, mostly near half:
#
#	of 40 messages, the member that is there gets 21, and the one that is away 19, when it comes back
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
        self.send(0x82, b"\0\1\0" + text(filter) + b"\1")
        self.expect(0x90)
    def publish(self, topic, payload, number):
        self.send(0x32, text(topic) + struct.pack(">H", number) + b"\0" + payload.encode())
        self.expect(0x40)
    def message(self):
        """Returns topic, packet identifier, properties and payload."""
        body = self.expect(0x30)
        n = 2 + struct.unpack(">H", body[:2])[0]
        end = n + 3 + body[n + 2]
        return body[2:n].decode(), body[n:n+2], body[n+3:end], body[end:].decode()
    def leave(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.stream.read()

here, away = Client("finding-1"), Client("finding-2", b"\x11\0\0\0\x64")
for member in (here, away):
    member.subscribe("$share/g/finding")
here.subscribe("end")
away.leave()
publisher = Client("finding-3")
for number in range(1, 41):
    publisher.publish("finding", "m%d" % number, number)
publisher.publish("end", "", 41)
there = 0
while True:
    topic, identifier, _, _ = here.message()
    here.send(0x40, identifier)
    if topic == "end":
        break
    there += 1
back = Client("finding-2", b"\x11\0\0\0\x64", 0)
for _ in range(40 - there):
    back.message()
print("of 40 messages, the member that is there gets %d, and the one that is away %d, when it comes back" % (there, 40 - there))
if not 0 < there < 40:
    sys.exit("this is not what was seen of mochi-mqtt 2.7.9: it has changed")
END
echo "as seen before: mochi-mqtt $version gives messages of shared subscriptions to members that are away"
