//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/dial"
	_ "dunlin/mqtt/dial/ws" // for ws://
)

// kind is a way to be connected.
type kind struct {
	name    string
	version mqtt.Version
	network string
	device  bool // comes back by itself, keeps its session and listens to a topic
}

// kinds are those that are measured.
var kinds = []kind{
	{"3.1.1, TCP", mqtt.V311, "tcp", false},
	{"5, TCP", mqtt.V5, "tcp", false},
	{"5, TLS", mqtt.V5, "tls", false},
	{"5, WebSocket", mqtt.V5, "ws", false},
	{"device, TCP", mqtt.V5, "tcp", true},
	{"device, TLS", mqtt.V5, "tls", true},
}

func kindOf(name string) (kind, error) {
	for _, k := range kinds {
		if k.name == name {
			return k, nil
		}
	}
	return kind{}, fmt.Errorf("no kind of client %q", name)
}

// place is where the server is.
type place struct {
	Addresses map[string]string
	CA        string // file
}

// dialer makes the clients of one process, which share what TLS needs.
type dialer struct {
	kind      kind
	url       string
	keepAlive time.Duration
	config    *tls.Config
}

func newDialer(k kind, at place, keepAlive time.Duration) (*dialer, error) {
	d := &dialer{kind: k, url: at.Addresses[k.network], keepAlive: keepAlive}
	if k.network == "ws" {
		d.url = strings.TrimSuffix(d.url, "/") + "/mqtt"
	}
	if k.network != "tls" {
		return d, nil
	}
	var err error
	d.config, err = (&dial.TLS{CAFile: at.CA}).Config()
	return d, err
}

// client connects the client of that number. with may change its configuration.
func (d *dialer) client(ctx context.Context, number int, with func(*mqtt.Config)) (*mqtt.Client, error) {
	cfg := mqtt.Config{Version: d.kind.version, ClientID: fmt.Sprintf("scale%06d", number), KeepAlive: d.keepAlive}
	cfg.Transport.TLS = d.config
	if d.kind.device {
		cfg.Reconnect, cfg.KeepSession = &mqtt.Reconnect{}, true
		if d.kind.version == mqtt.V5 {
			cfg.Properties.SessionExpiry = time.Hour
		}
	}
	if with != nil {
		with(&cfg)
	}
	c, err := mqtt.Dial(ctx, d.url, cfg)
	if err != nil || !d.kind.device {
		return c, err
	}
	_, err = c.Subscribe(ctx, mqtt.Subscription{
		Filter: "command/" + cfg.ClientID, QoS: 1, Handler: func(context.Context, *mqtt.Received) {},
	})
	return c, err
}

// message is what the client of that number sends: a reading of 100 bytes.
func message(number int) mqtt.Message {
	return mqtt.Message{Topic: fmt.Sprintf("scale/%06d", number), Payload: make([]byte, 100), QoS: 1}
}

// counted is a connection that notes what goes through it.
type counted struct {
	net.Conn
	seen *counts
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.seen.add(n)
	return n, err
}

// Write counts first: the answer may be there before it returns.
func (c counted) Write(b []byte) (int, error) {
	c.seen.add(len(b))
	return c.Conn.Write(b)
}
