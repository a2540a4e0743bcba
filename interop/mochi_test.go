package interop

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"

	"dunlin/broker"
)

// Set in the environment of the process that is to be mochi, or the broker that
// dunlin carries, which wraps it. One that hangs must not hang the test.
const serveOwn = "INTEROP_SERVE"

var ownServers = map[string]func() (port string, err error){
	"mochi":           serveMochi,
	"mochi-websocket": serveMochiWebSocket,
	"dunlin":          serveDunlin,
}

func startOwn(name string) func(t *testing.T) string {
	return func(t *testing.T) string {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), serveOwn+"="+name)
		return startProcess(t, cmd)
	}
}

func startMochiWebSocket(t *testing.T) string {
	return "ws" + startOwn("mochi-websocket")(t)[len("mqtt"):]
}

// serveHere is that process. It ends with its standard input.
func serveHere(name string) error {
	port, err := ownServers[name]()
	if err != nil {
		return err
	}
	if _, err := fmt.Println(port); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// serveMochi serves with mochi-mqtt's defaults.
func serveMochi() (string, error) {
	return listenMochi(listeners.NewTCP(listeners.Config{ID: "tcp", Address: "127.0.0.1:0"}))
}

func serveMochiWebSocket() (string, error) {
	port, err := freePort() // its WebSocket listener does not tell which one it took
	if err != nil {
		return "", err
	}
	address := "127.0.0.1:" + port
	if _, err := listenMochi(listeners.NewWebsocket(listeners.Config{ID: "ws", Address: address})); err != nil {
		return "", err
	}
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for range 1000 { // nor when it listens
		if conn, err := net.Dial("tcp", address); err == nil {
			return port, conn.Close()
		}
		<-again.C
	}
	return "", fmt.Errorf("nobody listens on %s after ten seconds", address)
}

func listenMochi(l listeners.Listener) (port string, err error) {
	s := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	if err := s.AddHook(new(auth.AllowHook), nil); err != nil {
		return "", err
	}
	if err := s.AddListener(l); err != nil {
		return "", err
	}
	if err := s.Serve(); err != nil {
		return "", err
	}
	_, port, err = net.SplitHostPort(l.Address())
	return port, err
}

func serveDunlin() (string, error) {
	b, err := broker.Start(context.Background(), broker.Config{})
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(b.Addr())
	return port, err
}
