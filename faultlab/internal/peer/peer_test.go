package peer

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"dunlin/mqtt/mqtttest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	connect3      = "10 0D 00044D515454 04 00 003C 0001 63"
	connect5      = "10 13 00044D515454 05 00 003C 05 11 00000064 0001 63" // kept for 100 s
	connect5Two   = "10 16 00044D515454 05 00 003C 08 11 00000064 21 0002 0001 63"
	connected3    = "20 02 0000"
	resumed3      = "20 02 0100"
	connected5    = "20 03 000000"
	resumed5      = "20 03 010000"
	exactly       = "34 07 0001 74 0007 70 71" // id 7
	exactlyAgain  = "3C 07 0001 74 0007 70 71"
	exactlyOther  = "3C 07 0001 74 0007 70 72"
	received7     = "50 02 0007"
	release7      = "62 02 0007"
	completed7    = "70 02 0007"
	notCompleted7 = "70 03 0007 92"
)

// started returns a peer in memory, and what it received.
func started(t *testing.T, cfg Config) (*Peer, *[]string) {
	var got []string
	cfg.Received = func(client string, m *Message) {
		got = append(got, fmt.Sprintf("%s %s %s %d", client, m.Topic, m.Payload, m.QoS))
	}
	p := New(cfg)
	t.Cleanup(p.Close)
	return p, &got
}

// join connects to p.
func join(t *testing.T, p *Peer, hex ...string) *mqtttest.Conn {
	t.Helper()
	conn, err := p.Dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	c := mqtttest.NewConn(t, conn)
	talk(c, hex...)
	return c
}

// talk sends and expects by turns.
func talk(c *mqtttest.Conn, hex ...string) {
	for i, h := range hex {
		if i%2 == 0 {
			c.Send(h)
		} else {
			c.Expect(h)
		}
	}
}

func (p *Peer) taken(got *[]string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(*got)
}

func TestTakesExactlyOnceInAFlow(t *testing.T) {
	for _, v := range []struct{ connect, connected, resumed, exactly, exactlyAgain, over string }{
		{connect3, connected3, resumed3, exactly, exactlyAgain, completed7},
		{connect5, connected5, resumed5, "34 08 0001 74 0007 00 70 71", "3C 08 0001 74 0007 00 70 71", notCompleted7},
	} {
		p, got := started(t, Config{})
		c := join(t, p, v.connect, v.connected, v.exactly, received7, v.exactlyAgain, received7)
		c.Close()
		c = join(t, p, v.connect, v.resumed, v.exactlyAgain, received7, release7, completed7, release7, v.over)
		talk(c, v.exactly, received7)
		if want := []string{"c t pq 2", "c t pq 2"}; !slices.Equal(p.taken(got), want) {
			t.Errorf("got %q, want %q: a new flow is a new message", p.taken(got), want)
		}
		if c := p.Counts(); c.Violated != 0 || c.Resumed != 1 || c.Links != 2 {
			t.Errorf("%+v", c)
		}
	}
}

func TestCountsViolations(t *testing.T) {
	for name, steps := range map[string][]string{
		"no DUP":      {exactly, received7, exactly, received7},
		"id in use":   {exactly, received7, exactlyOther, received7},
		"wrong kind":  {"A0 02 0001"},
		"second hand": {connect3},
		"malformed":   {"34 02 0001"},
	} {
		p, _ := started(t, Config{})
		c := join(t, p, connect3, connected3)
		talk(c, steps...)
		if len(steps)%2 == 1 {
			c.ExpectClosed()
		}
		if n := p.Counts(); n.Violated != 1 {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

func TestGivesExactlyOnceInAFlow(t *testing.T) {
	p, _ := started(t, Config{})
	c := join(t, p, connect3, connected3)
	for q := range 3 {
		p.Send("c", Message{Topic: "t", Payload: []byte{'p'}, QoS: byte(q)})
	}
	c.Expect("30 04 0001 74 70", "32 06 0001 74 0001 70", "34 06 0001 74 0002 70")
	c.Close()
	c = join(t, p, connect3, resumed3)
	c.Expect("3A 06 0001 74 0001 70", "3C 06 0001 74 0002 70") // as before, with DUP
	talk(c, "40 02 0001 50 02 0002", "62 02 0002")
	c.Close()
	c = join(t, p, connect3, resumed3)
	c.Expect("62 02 0002") // PUBREL, never PUBLISH
	c.Send("70 02 0002")
	talk(c, "C000", "D000")
	if n := p.Open("c"); n != 0 {
		t.Errorf("%d flows are open", n)
	}
}

func TestKeepsToTheReceiveMaximum(t *testing.T) {
	p, _ := started(t, Config{})
	c := join(t, p, connect5Two, connected5)
	for range 3 {
		p.Send("c", Message{Topic: "t", Payload: []byte{'p'}, QoS: 1})
	}
	c.Expect("32 07 0001 74 0001 00 70", "32 07 0001 74 0002 00 70")
	talk(c, "C000", "D000", "40 02 0001", "32 07 0001 74 0003 00 70")
}

func TestRoutesAndEchoes(t *testing.T) {
	p, _ := started(t, Config{Echo: true})
	c := join(t, p, connect5, connected5, "82 07 0009 00 0001 23 02", "90 04 0009 00 02")
	// Response Topic r, Correlation Data x.
	c.Send("32 0F 0001 74 0001 08 08 0001 72 09 0001 78 70")
	c.Expect("32 0F 0001 74 0001 08 08 0001 72 09 0001 78 70", "32 0B 0001 72 0002 04 09 0001 78 70", "40 02 0001")
	talk(c, "A2 06 000A 00 0001 23", "B0 04 000A 00 00")
	if p.Subscribed("c", "#") {
		t.Error("still subscribed")
	}
}

func TestEndsSessionsThatAreNotKept(t *testing.T) {
	p, _ := started(t, Config{})
	c := join(t, p, "10 0D 00044D515454 04 02 003C 0001 63", connected3) // Clean Session
	c.Close()
	c = join(t, p, connect5, connected5)
	c.Send("E0 07 00 05 11 00000000") // DISCONNECT ends what CONNECT kept
	c.ExpectClosed()
	c = join(t, p, connect5, connected5)
	c.Close()
	join(t, p, connect5, resumed5)
}

func TestForgets(t *testing.T) {
	p, _ := started(t, Config{})
	c := join(t, p, connect3, connected3)
	p.Forget()
	talk(c, "C000", "D000")
	c.Close()
	join(t, p, connect3, resumed3).Close() // there is a session, an empty one
}

func TestDropsEverywhere(t *testing.T) {
	p, err := Listen(Config{Seed: 3, Drop: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	partial := false // an answer that was cut
	for range 200 {
		conn, err := net.Dial("tcp", p.Addr())
		if err != nil {
			t.Fatal(err)
		}
		b, _ := mqtttest.ParseHex(connect3 + exactly + release7)
		_, _ = conn.Write(b)
		answer := make([]byte, 12)
		n := 0
		for n < len(answer) {
			got, err := conn.Read(answer[n:])
			if n += got; err != nil {
				break
			}
		}
		partial = partial || n%4 != 0
		_ = conn.Close()
	}
	if c := p.Counts(); !partial || c.Drops < 50 || c.Links < 100 {
		t.Errorf("cut inside a packet: %t, %+v", partial, c)
	}
}

func TestDownAndUp(t *testing.T) {
	p, err := Listen(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	dial := func() (net.Conn, error) { return net.Dial("tcp", p.Addr()) }
	conn, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	c := mqtttest.NewConn(t, conn)
	talk(c, connect3, connected3)
	p.Down()
	c.ExpectClosed()
	if _, err := dial(); err == nil {
		t.Error("connected to a peer that is down")
	}
	if err := p.Up(); err != nil {
		t.Fatal(err)
	}
	if conn, err = dial(); err != nil {
		t.Fatal(err)
	}
	talk(mqtttest.NewConn(t, conn), connect3, resumed3)
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		filter, topic string
		want          bool
	}{
		{"a", "a", true},
		{"a", "b", false},
		{"a/b", "a", false},
		{"a", "a/b", false},
		{"#", "a/b", true},
		{"a/#", "a", true},
		{"a/#", "a/b/c", true},
		{"a/+", "a/b", true},
		{"a/+", "a/b/c", false},
		{"+/b", "a/b", true},
		{"a/+/c", "a/b/c", true},
		{"b/#", "a", false},
	} {
		if got := matches(c.filter, c.topic); got != c.want {
			t.Errorf("%s of %s: %t", c.topic, c.filter, got)
		}
	}
}
