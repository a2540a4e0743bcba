package soak

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"dunlin/faultlab/internal/peer"
	"dunlin/faultlab/internal/proxy"
	"dunlin/internal/testserver"
)

// The servers.
const (
	brokerPeer      = "peer"
	brokerMosquitto = "mosquitto"
)

// broker is the server of a soak.
type broker interface {
	Addr() string
	Down()
	Up() error
	Close()
	// Witness reports whether the server says what it received.
	Witness() bool
	// Open returns how many flows have begun and not ended, as far as is known.
	Open() int
	Counts() peer.Counts
	// Unacknowledged returns the messages that client was sent and has not acknowledged,
	// as far as is known.
	Unacknowledged(client string) []peer.Message
}

func (s *soak) startBroker(ctx context.Context) (broker, error) {
	if s.broker == brokerMosquitto {
		return startMosquitto(ctx, s.seed)
	}
	p, err := peer.Listen(peer.Config{
		Seed: s.seed, Life: life, Ways: s.ways, Renumber: s.renumber, Received: s.received, Acknowledged: s.acknowledged,
	})
	return exact{p}, err
}

// exact is the peer: its sessions survive that it is killed.
type exact struct{ *peer.Peer }

// Witness implements broker.
func (exact) Witness() bool { return true }

// Open implements broker.
func (e exact) Open() int { return e.Peer.Open(publisherID) + e.Peer.Open(subscriberID) }

// mosquitto is a process with a proxy in front of it that ends its links. It is
// stopped so that it can write down its sessions: what it would lose of them when
// killed would be its own doing.
type mosquitto struct {
	*proxy.Proxy
	folder, path string
	port         int
	process      *exec.Cmd
	output       bytes.Buffer
}

// startLimit bounds the start of mosquitto, and its end.
const startLimit = 20 * time.Second

func startMosquitto(ctx context.Context, seed uint64) (*mosquitto, error) {
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto" // often missing in the PATH of a plain user
	}
	m := &mosquitto{path: path}
	if m.folder, err = os.MkdirTemp("", "faultlab-soak-"); err != nil {
		return nil, err
	}
	ports, err := testserver.FreePorts(1)
	if err != nil {
		return nil, err
	}
	m.port = ports[0]
	config := fmt.Sprintf("user root\nlistener %d 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location %s/\n"+
		"max_queued_messages 0\nlog_type error\n", m.port, m.folder)
	if err := os.WriteFile(m.config(), []byte(config), 0o600); err != nil {
		return nil, err
	}
	if m.Proxy, err = proxy.Listen(fmt.Sprintf("127.0.0.1:%d", m.port), seed, life); err != nil {
		return nil, err
	}
	if err := m.start(ctx); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

func (m *mosquitto) config() string { return filepath.Join(m.folder, "mosquitto.conf") }

// start starts the process and waits until it takes connections.
func (m *mosquitto) start(ctx context.Context) error {
	m.process = exec.Command(m.path, "-c", m.config())
	m.process.Stderr = &m.output
	if err := m.process.Start(); err != nil {
		m.process = nil
		return fmt.Errorf("mosquitto: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", m.port))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("mosquitto does not take connections: %w: %s", err, m.output.String())
		}
	}
}

// Down implements broker.
func (m *mosquitto) Down() {
	if m.process == nil {
		return
	}
	_ = m.process.Process.Signal(syscall.SIGTERM) // Wait tells
	_ = m.process.Wait()                          // it was told to end
	m.process = nil
}

// Up implements broker.
func (m *mosquitto) Up() error {
	if m.process != nil {
		return nil
	}
	return m.start(context.Background())
}

// Close implements broker.
func (m *mosquitto) Close() {
	m.Proxy.Close()
	m.Down()
	_ = os.RemoveAll(m.folder) // the result is known by then
}

// Witness implements broker.
func (*mosquitto) Witness() bool { return false }

// Open implements broker.
func (*mosquitto) Open() int { return 0 }

// Unacknowledged implements broker.
func (*mosquitto) Unacknowledged(string) []peer.Message { return nil }

// Counts implements broker.
func (m *mosquitto) Counts() peer.Counts { return peer.Counts{Drops: m.Drops()} }
