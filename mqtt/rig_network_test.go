package mqtt_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// patience is how long a step may take in fake time.
const patience = 20 * time.Hour

// network is what a client reaches in fake time: each of its attempts to connect
// is one end of a net.Pipe, and the test has the other.
type network struct {
	t     *testing.T
	conns chan *mqtttest.Conn

	mu      sync.Mutex
	refuse  func(address string) error
	reached []string
}

func newNetwork(t *testing.T) *network {
	return &network{t: t, conns: make(chan *mqtttest.Conn, 10_000)}
}

// dial is a Transport.Dial.
func (n *network) dial(_ context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reached = append(n.reached, address)
	if n.refuse != nil {
		if err := n.refuse(address); err != nil {
			return nil, err
		}
	}
	ours, theirs := net.Pipe()
	conn := mqtttest.NewConn(n.t, theirs)
	conn.SetPatience(patience)
	n.conns <- conn
	return ours, nil
}

// refuses has every attempt ask f from now on; nil: none is refused.
func (n *network) refuses(f func(address string) error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refuse = f
}

// all returns the addresses of all attempts.
func (n *network) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.reached)
}

// nobody is there.
func nobody(string) error { return syscall.ECONNREFUSED }

// accept returns the server's end of the next connection.
func (n *network) accept() *mqtttest.Conn {
	n.t.Helper()
	select {
	case c := <-n.conns:
		return c
	case <-time.After(patience):
		n.t.Fatal("the client does not connect")
		return nil
	}
}

// lasting is a client that outlives its connections, in fake time. server is
// that of the connection of the moment.
type lasting struct {
	*scripted
	net    *network
	five   bool
	url    string
	cfg    mqtt.Config
	limits string // properties of the CONNACKs to come, MQTT 5

	requests int // that nextID has counted
}

// eachLasting runs a test in fake time for a client of MQTT 3.1.1 and one of 5
// whose session is kept, and whose first connection stands.
func eachLasting(t *testing.T, change func(*mqtt.Config), f func(s *lasting)) {
	t.Helper()
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		t.Run(version.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newLasting(t, version, change)
				s.connect("absent")
				f(s)
			})
		})
	}
}

// lastingV5 is eachLasting for MQTT 5 alone, with properties in the first
// CONNACK.
func lastingV5(t *testing.T, limits string, change func(*mqtt.Config), f func(s *lasting)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newLasting(t, mqtt.V5, change)
		s.limits = limits
		s.connect("absent")
		f(s)
	})
}

func newLasting(t *testing.T, version mqtt.Version, change func(*mqtt.Config)) *lasting {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	s := &lasting{
		scripted: &scripted{t: t, ctx: ctx, events: make(chan string, 1000)},
		net:      newNetwork(t), five: version == mqtt.V5, url: "mqtt://one",
	}
	watched := s.watch(mqtt.Config{})
	s.cfg = mqtt.Config{
		ClientID: "c", Version: version, KeepSession: true, Reconnect: &mqtt.Reconnect{Republish: mqtt.RepublishNone},
		Transport: mqtt.Transport{Dial: s.net.dial}, OnMessage: watched.OnMessage, OnError: watched.OnError,
	}
	if s.five {
		s.cfg.Properties.SessionExpiry = time.Hour
	}
	if change != nil {
		change(&s.cfg)
	}
	return s
}

// start begins to dial.
func (s *lasting) start() (dialed chan error) {
	return async(func() error {
		c, err := mqtt.Dial(s.ctx, s.url, s.cfg)
		if err == nil {
			s.Client = c
			s.t.Cleanup(func() { _ = c.Close(context.Background()) }) // tests of Close look at its error
		}
		return err
	})
}

// connect dials, and the server accepts with its session present or absent.
func (s *lasting) connect(session string) {
	s.t.Helper()
	dialed := s.start()
	s.acceptNext(session)
	if err := <-dialed; err != nil {
		s.t.Fatalf("dial: %v", err)
	}
}

// acceptNext accepts the next connection, and returns its CONNECT.
func (s *lasting) acceptNext(session string) (connect []byte) {
	s.t.Helper()
	s.server = s.net.accept()
	s.t.Cleanup(s.server.Close)
	connect = s.server.Packet()
	s.server.Send(s.connAck(session))
	return connect
}

func (s *lasting) connAck(session string) string {
	flags := map[string]byte{"present": 1, "absent": 0}[session]
	if !s.five {
		return fmt.Sprintf("20 02 %02X 00", flags)
	}
	p, err := mqtttest.ParseHex(s.limits)
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("20 %02X %02X 00 %02X %s", 3+len(p), flags, len(p), s.limits)
}

// drop cuts the connection, and the client knows.
func (s *lasting) drop() {
	s.t.Helper()
	synctest.Wait() // what the server sent was read
	s.server.Close()
	synctest.Wait()
}

// lose cuts the connection and accepts the next one.
func (s *lasting) lose(session string) (connect []byte) {
	s.t.Helper()
	s.drop()
	return s.acceptNext(session)
}

// play goes through a dialogue, one step a line:
//
//	> 62 02 0001        the client sends these bytes next
//	> pub 3A 1 a        the client sends a PUBLISH to "t": first byte, identifier, payload
//	< 50 02 0001        the server sends these bytes, or a PUBLISH as above
//	lose present        the connection is lost, and the next one accepted, its session present or absent
//	quiet               the client says nothing for a second
//	got t=a q1 id1      a handler has that message
//	nothing             and no handler has another, nor an error
func (s *lasting) play(script string) {
	s.t.Helper()
	for line := range strings.Lines(script) {
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "":
		case ">":
			s.server.Expect(s.bytes(rest))
		case "<":
			s.server.Send(s.bytes(rest))
		case "lose":
			s.lose(rest)
		case "quiet":
			s.server.ExpectNothing(time.Second)
		case "got":
			s.expectEvent("message " + rest)
		case "nothing":
			s.expectNoEvent()
		default:
			s.t.Fatalf("no such step: %q", line)
		}
		if s.t.Failed() {
			s.t.Fatalf("at %q", strings.TrimSpace(line))
		}
	}
}

// bytes returns the bytes of a step in hexadecimal.
func (s *lasting) bytes(step string) string {
	words := strings.Fields(step)
	if words[0] != "pub" {
		return step
	}
	first, err := strconv.ParseUint(words[1], 16, 8)
	if err != nil {
		s.t.Fatal(err)
	}
	id, err := strconv.ParseUint(words[2], 10, 16)
	if err != nil {
		s.t.Fatal(err)
	}
	return hexOf(publishBytes(s.five, byte(first), "t", uint16(id), strings.Join(words[3:], " ")))
}

// expectNoEvent checks that no handler was called once the client rests.
func (s *lasting) expectNoEvent() {
	s.t.Helper()
	synctest.Wait()
	select {
	case e := <-s.events:
		s.t.Fatalf("unexpected event %q", e)
	default:
	}
}

// expectDone checks how a publish ended.
func (s *lasting) expectDone(d *mqtt.Delivery, want ...error) {
	s.t.Helper()
	synctest.Wait()
	select {
	case <-d.Done():
	default:
		s.t.Fatal("the publish has not ended")
	}
	checkError(s.t, d.Err(), want...)
}

// expectOpen checks that publishes have not ended.
func (s *lasting) expectOpen(all ...*mqtt.Delivery) {
	s.t.Helper()
	synctest.Wait()
	for i, d := range all {
		select {
		case <-d.Done():
			s.t.Fatalf("publish %d has ended: %v", i, d.Err())
		default:
		}
	}
}

// retries has every announced retry go to told.
func retries(told chan mqtt.Retry) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) {
		cfg.OnRetry = func(r mqtt.Retry) { told <- r }
	}
}

// drain ranges over what a closed channel holds.
func drain[T any](c chan T) func(func(T) bool) {
	return func(yield func(T) bool) {
		for v := range c {
			if !yield(v) {
				return
			}
		}
	}
}

// eachOffline runs a test in fake time for clients that connect in the background
// and find nobody yet.
func eachOffline(t *testing.T, change func(*mqtt.Config), f func(s *lasting)) {
	t.Helper()
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		t.Run(version.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newLasting(t, version, func(cfg *mqtt.Config) {
					cfg.Reconnect.Background = true
					if change != nil {
						change(cfg)
					}
				})
				s.net.refuses(nobody)
				must(t, <-s.start())
				f(s)
			})
		})
	}
}

// online lets the client connect.
func (s *lasting) online(session string) {
	s.t.Helper()
	s.net.refuses(nil)
	s.acceptNext(session)
}

// connectAs dials, expects that CONNECT and accepts it.
func (s *lasting) connectAs(connect string) {
	s.t.Helper()
	dialed := s.start()
	s.server = s.net.accept()
	s.t.Cleanup(s.server.Close)
	s.server.Expect(connect)
	s.server.Send(s.connAck("absent"))
	s.mustWait(dialed)
}

// prepare sets the client's Prepare.
func prepare(f func(a *mqtt.Attempt) error) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) {
		cfg.Reconnect.Prepare = func(_ context.Context, a *mqtt.Attempt) error { return f(a) }
	}
}

// subscribeHere subscribes, and the server agrees.
func (s *lasting) subscribeHere(sub mqtt.Subscription) error {
	done := async(func() error { _, err := s.Subscribe(s.ctx, sub); return err })
	p := s.server.Packet()
	answer := []byte{0x90, 3, p[2], p[3], 0}
	if s.five {
		answer = []byte{0x90, 4, p[2], p[3], 0, 0}
	}
	s.server.SendBytes(answer)
	return <-done
}

// endWith ends the connection with words and accepts the next one, or lets it be refused
// with the same words. It reports false when the client does not take them in.
func (s *lasting) endWith(refuses bool, words []byte) bool {
	ended := async(func() error {
		defer s.server.Close()
		_, err := s.server.Write(words)
		return err
	})
	select {
	case s.server = <-s.net.conns:
		<-ended
	case <-time.After(time.Minute):
		return false
	}
	s.server.Packet()
	if !refuses {
		s.server.Send(s.connAck("present"))
	}
	synctest.Wait()
	return true
}
