package broker_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dunlin/broker"
	"dunlin/internal/testserver"
)

func TestStartErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := testserver.Listen()
	if err != nil {
		t.Fatal(err)
	}
	freeAddr := free.Addr().String()
	free.Close()

	empty := filepath.Join(t.TempDir(), "empty")
	broken := filepath.Join(t.TempDir(), "broken")
	for path, text := range map[string]string{empty: "# nobody\n", broken: "ann:x\nbob\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(urls ...string) broker.Config {
		var cfg broker.Config
		for _, u := range urls {
			cfg.Listeners = append(cfg.Listeners, broker.Listener{URL: u})
		}
		return cfg
	}
	cases := []struct {
		name string
		cfg  broker.Config
		want string
	}{
		{"not a URL", at("127.0.0.1:1883"), "not a URL"},
		{"no host", at("tcp"), "not a URL"},
		{"user", at("tcp://u:secret@127.0.0.1:0"), "listener tcp://127.0.0.1:0 has a user"},
		{"password that cannot be read", at("tcp://u:secret%@127.0.0.1:0"), "without a user"},
		{"user and no host", at("tcp://u:secret@"), "has a user"},
		{"scheme", at("http://127.0.0.1:0"), `unknown scheme "http"`},
		{"tls without certificate", at("tls://127.0.0.1:0"), `"tls://127.0.0.1:0" ` + broker.ErrNoCertificate.Error()},
		{"port taken", at("tcp://"+freeAddr, "tcp://"+taken.Addr().String()), "address already in use"},
		{"no users file", broker.Config{UsersFile: filepath.Join(t.TempDir(), "absent")}, "no such file"},
		{"empty users file", broker.Config{UsersFile: empty}, "holds no user"},
		{"broken users file", broker.Config{UsersFile: broken}, "line 2"},
		{"user without name", broker.Config{Users: []broker.User{{Password: "x"}}}, "without a name"},
		{"user with unknown hash", broker.Config{Users: []broker.User{{Name: "a", Password: "$2a$10$abc"}}}, "$2a$"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b, err := broker.Start(t.Context(), c.cfg)
			if err == nil {
				t.Fatal("started", b.URLs(), b.Close(t.Context()))
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %q, want one line with %q and no password", err, c.want)
			}
			if errors.Is(err, broker.ErrNoCertificate) != (c.name == "tls without certificate") {
				t.Errorf("error %q can be taken for another one", err)
			}
		})
	}
	// The listener bound before the failure was given back.
	again, err := net.Listen("tcp", freeAddr)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := broker.Start(cancelled, broker.Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled start: %v", err)
	}
}
