package compat

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dunlin/internal/mosquitto"
	"dunlin/internal/testcert"
	"dunlin/internal/testserver"
)

// servers are what the scripts of a test run share, but for the scripted ones. A script finds in
// its environment:
//
//	BROKER   Mosquitto, as mqtt://host:port
//	TLS, WS  the same, by TLS with a certificate for localhost of the authority in the file CA, and by WebSocket
//	PRIVATE  another, for the user ada with the password secret alone
//	SERVER   the scripted server of this run
//	ID       a text for topics and client identifiers that no other run has
type servers struct {
	open, private *mosquitto.Broker
	tls, ws       string
	ca            string
}

func startServers(t testing.TB) *servers {
	t.Helper()
	ca := testcert.NewAuthority(t)
	cert, key := ca.Server(t, testcert.Options{}).Files(t)
	ports, err := testserver.FreePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	s := &servers{ca: ca.File(t), tls: fmt.Sprintf("mqtts://localhost:%d", ports[0]), ws: fmt.Sprintf("ws://127.0.0.1:%d", ports[1])}
	s.open = mosquitto.Start(t, mosquitto.Options{Config: []string{
		fmt.Sprintf("listener %d 127.0.0.1", ports[0]), "cafile " + s.ca, "certfile " + cert, "keyfile " + key,
		fmt.Sprintf("listener %d 127.0.0.1", ports[1]), "protocol websockets",
	}})
	s.private = mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"ada": "secret"}})
	return s
}

// runs numbers the runs of scripts; each has as many digits, so that lengths of packets are the same.
var runs struct {
	sync.Mutex
	n int
}

// environment is what a script finds in its environment, by name.
func (s *servers) environment(own *scripted) map[string]string {
	runs.Lock()
	defer runs.Unlock()
	runs.n++
	return map[string]string{
		"BROKER":  s.open.URL(),
		"TLS":     s.tls,
		"WS":      s.ws,
		"CA":      s.ca,
		"PRIVATE": s.private.URL(),
		"SERVER":  "mqtt://" + own.listener.Addr().String(),
		"ID":      fmt.Sprintf("r%05d", runs.n),
	}
}

// sameInAllRuns puts names in the place of what differs from run to run: addresses and the ID.
func sameInAllRuns(text string, env map[string]string) string {
	for _, name := range []string{"BROKER", "TLS", "WS", "PRIVATE", "SERVER"} {
		_, address, _ := strings.Cut(env[name], "://")
		_, port, _ := net.SplitHostPort(address)
		text = strings.ReplaceAll(text, address, name)
		text = strings.ReplaceAll(text, port, name+"-PORT")
	}
	text = strings.ReplaceAll(text, filepath.Dir(env["CA"]), "CA-DIR")
	return strings.ReplaceAll(text, env["ID"], "ID")
}
