#!/usr/bin/env bash
# mochi-mqtt 2.7.9: a message that was sent with a topic alias comes again on the next connection with that alias, and
# without its topic. The new connection has defined no alias, and this one does not even allow any.
#
# A good guess is that it comes with its topic: "Topic Alias mappings exist only within a Network Connection and last only
# for the lifetime of that Network Connection", MQTT 5 section 3.3.2.3.4, and "if Topic Alias Maximum is absent or zero, the
# Server MUST NOT send any Topic Aliases to the Client" [MQTT-3.1.2-27]. What the message was for, nobody can tell any more.
# A client that ends the connection at it meets it again at the next one.
#
# Seen, with the Go module github.com/mochi-mqtt/server/v2 v2.7.9:
#
#	first connection:  topic "finding/t" alias 1: m1
#	first connection:  topic "" alias 1: m2
#	second connection: topic "" alias 1: m2
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

subscriber = Client("finding-subscriber", b"\x11\0\0\0\x64\x22\0\x0a") # session expiry 100 s, 10 aliases
subscriber.subscribe("finding/#")
publisher = Client("finding-publisher")
seen = []

def note(when, message):
    topic, identifier, properties, payload = message
    while properties and properties[0] != 0x23: # Topic Alias; the other one here is Message Expiry Interval
        properties = properties[5:]
    alias = struct.unpack(">H", properties[1:3])[0] if properties else 0
    seen.append((topic, alias, payload))
    print('%-18s topic "%s" alias %d: %s' % (when, topic, alias, payload))
    return identifier

for number in (1, 2):
    publisher.publish("finding/t", "m%d" % number, number)
    identifier = note("first connection:", subscriber.message())
    if number == 1:
        subscriber.send(0x40, identifier) # m2 is not acknowledged
subscriber.leave()
note("second connection:", Client("finding-subscriber", b"\x11\0\0\0\x64", 0).message())
if seen != [("finding/t", 1, "m1"), ("", 1, "m2"), ("", 1, "m2")]:
    sys.exit("this is not what was seen of mochi-mqtt 2.7.9: it has changed")
END
echo "as seen before: mochi-mqtt $version repeats a message with the alias of a connection that is gone"
