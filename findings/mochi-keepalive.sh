#!/usr/bin/env bash
# mochi-mqtt 2.7.9: a keep alive of 43,691 s ends the connection at once.
#
# A good guess is that a client with a keep alive that long is left alone for most of a day: the server closes the connection
# when it "does not receive an MQTT Control Packet from the Client within one and a half times the Keep Alive time period"
# [MQTT-3.1.2-22], and a client may ask for up to 65,535 s. The server calculates those one and a half times in 16 bits, so
# that 43,691 s become 0 s, and 65,535 s nine hours. A client that wants to be left alone is so never connected.
#
# Seen, with the Go module github.com/mochi-mqtt/server/v2 v2.7.9:
#
#	keep alive of 43690 s: PINGREQ is answered
#	keep alive of 43691 s: the connection has ended
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
    def __init__(self, name, keep_alive):
        self.socket = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
        self.stream = self.socket.makefile("rb")
        self.send(0x10, text("MQTT") + b"\5\2" + struct.pack(">H", keep_alive) + b"\0" + text(name))
        self.expect(0x20)
    def send(self, first, body):
        self.socket.sendall(bytes([first, len(body)]) + body)
    def packet(self):
        head = self.stream.read(2)
        if len(head) < 2:
            raise ConnectionError
        return head[0], self.stream.read(head[1])
    def expect(self, kind):
        first, body = self.packet()
        if first & 0xF0 != kind:
            sys.exit("got packet %02x, want %02x" % (first, kind))
        return body

def answered(keep_alive):
    """Tells whether the connection bears a PINGREQ."""
    try:
        client = Client("finding", keep_alive)
        client.send(0xC0, b"")
        return client.packet() == (0xD0, b"")
    except ConnectionError:
        return False

seen = [answered(43690), answered(43691)]
print("keep alive of 43690 s:", "PINGREQ is answered" if seen[0] else "the connection has ended")
print("keep alive of 43691 s:", "PINGREQ is answered" if seen[1] else "the connection has ended")
if seen != [True, False]:
    sys.exit("this is not what was seen of mochi-mqtt 2.7.9: it has changed")
END
echo "as seen before: mochi-mqtt $version calculates keep alives in 16 bits"
