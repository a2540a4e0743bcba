#!/usr/bin/env bash
# mochi-mqtt 2.7.9: a will with a delay comes without its properties, and with an expiry of 1 s.
#
# A good guess is that a will arrives as its client gave it: its properties are "the Application Message properties to be sent
# with the Will Message when it is published" (MQTT 5 section 3.1.3.2). The server keeps the user properties alone, and takes
# the end of the delay for the message's expiry, so that who hands it on, a bridge for one, has it expire within a second.
#
# Seen, with the Go module github.com/mochi-mqtt/server/v2 v2.7.9:
#
#	a will with a content type and a delay of 1 s arrives with the properties 0200000001
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
    """A connection of MQTT 5 with a session of 60 s; packets are below 128 bytes. will is what CONNECT has of one."""
    def __init__(self, name, will=b""):
        self.socket = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
        self.stream = self.socket.makefile("rb")
        self.send(0x10, text("MQTT") + bytes([5, 14 if will else 2, 0, 60, 5, 0x11, 0, 0, 0, 60]) + text(name) + will)
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
    def message(self):
        """Returns the properties."""
        body = self.expect(0x30)
        n = 2 + struct.unpack(">H", body[:2])[0]
        end = n + 3 + body[n + 2]
        return body[n+3:end]
    def leave(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.stream.read()

subscriber = Client("finding-1")
subscriber.subscribe("finding/#")
will = b"\x18\0\0\0\1\3" + text("t")
Client("finding-2", bytes([len(will)]) + will + text("finding/w") + text("m")).leave()
properties = subscriber.message().hex()
print("a will with a content type and a delay of 1 s arrives with the properties", properties or "none")
if properties != "0200000001":
    sys.exit("this is not what was seen of mochi-mqtt 2.7.9: it has changed")
END
echo "as seen before: mochi-mqtt $version publishes wills with a delay as others than they were"
