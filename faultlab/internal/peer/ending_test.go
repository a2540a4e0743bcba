package peer

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt/mqtttest"
)

// planned returns a peer whose first link ends like that.
func planned(t *testing.T, plan Plan) *Peer {
	p, _ := started(t, Config{Plan: func(n int) *Plan {
		if n == 0 {
			return &plan
		}
		return nil
	}})
	return p
}

// send sends three messages to the client.
func send(p *Peer) {
	for range 3 {
		p.Send("c", Message{Topic: "t", Payload: []byte{'p'}, QoS: 1})
	}
}

// TestEndsBehindAPacket: the byte is within the first PUBLISH, and what ends the link
// comes right behind that packet.
func TestEndsBehindAPacket(t *testing.T) {
	for _, test := range []struct {
		way    Way
		end    string
		closes bool
	}{
		{Disconnect, "E0 01 82", true}, {Malformed, "30 03 FFFF 74", false},
	} {
		p := planned(t, Plan{Way: test.way, At: 7, Sent: true})
		c := join(t, p, connect5, connected5)
		send(p)
		c.Expect("32 07 0001 74 0001 00 70", test.end)
		if test.closes {
			c.ExpectClosed()
		} else {
			c.Send("40 02 0001") // which is not taken any more
			c.Close()
		}
		c = join(t, p, connect5, resumed5)
		c.Expect("3A 07 0001 74 0001 00 70", "3A 07 0001 74 0002 00 70") // which was sent as far as the peer knows
		if n := p.Counts(); n.Drops != 1 || n.Violated != 0 {
			t.Errorf("%s: %+v", test.way, n)
		}
	}
}

// TestEndsWithinAPacket: Close and Refuse cut it.
func TestEndsWithinAPacket(t *testing.T) {
	for _, way := range []Way{Close, Refuse} {
		p := planned(t, Plan{Way: way, At: 7, Sent: true})
		c := join(t, p, connect5, connected5)
		send(p)
		c.Expect("32 07")
		c.ExpectClosed()
		if way == Refuse {
			join(t, p, connect5, "20 03 008000").ExpectClosed()
		}
		join(t, p, connect5, resumed5)
	}
}

// TestEndsBehindBytesOfTheClient: what was sent before is taken, what comes then is not.
func TestEndsBehindBytesOfTheClient(t *testing.T) {
	p := planned(t, Plan{Way: Disconnect, At: 15 + 4})
	c := join(t, p, connect3, connected3)
	send(p)
	c.Expect("32 06 0001 74 0001 70", "32 06 0001 74 0002 70", "32 06 0001 74 0003 70")
	c.Send("40 02 0001")
	c.ExpectClosed() // a server of 3.1.1 has no DISCONNECT
	if n := p.Open("c"); n != 2 {
		t.Errorf("%d messages are not acknowledged, want 2", n)
	}
}

func TestRefusesForNow(t *testing.T) {
	p := planned(t, Plan{Way: Refuse, At: 0})
	conn, err := p.Dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	mqtttest.NewConn(t, conn).ExpectClosed()
	join(t, p, connect3, "20 02 0003").ExpectClosed()
	join(t, p, connect3, connected3)
	if n := p.Counts(); n.Refused != 1 || n.Links != 1 {
		t.Errorf("%+v", n)
	}
}

// TestNumbersAnew has two of three messages acknowledged: the third becomes the first.
func TestNumbersAnew(t *testing.T) {
	var acknowledged []string
	p, _ := started(t, Config{Renumber: true, Acknowledged: func(_ string, m *Message) {
		acknowledged = append(acknowledged, string(m.Payload))
	}})
	c := join(t, p, connect3, connected3, "82 06 0009 0001 74 02", "90 03 0009 01")
	for _, payload := range []string{"1", "2", "3"} {
		p.Publish(Message{Topic: "t", Payload: []byte(payload), QoS: 2})
	}
	c.Expect("32 06 0001 74 0001 31", "32 06 0001 74 0002 32", "32 06 0001 74 0003 33")
	talk(c, "40 02 0001 40 02 0002 C000", "D000")
	if m := p.Unacknowledged("c"); len(m) != 1 || string(m[0].Payload) != "3" {
		t.Errorf("not acknowledged: %+v", m)
	}
	c.Close()
	c = join(t, p, connect3, resumed3)
	c.Expect("3A 06 0001 74 0001 33")
	p.Publish(Message{Topic: "t", Payload: []byte("4"), QoS: 1})
	c.Expect("32 06 0001 74 0002 34")
	talk(c, "40 02 0001 40 02 0002 C000", "D000")
	p.mu.Lock()
	defer p.mu.Unlock()
	if want := []string{"1", "2", "3", "4"}; !slices.Equal(acknowledged, want) {
		t.Errorf("acknowledged: %q, want %q", acknowledged, want)
	}
}

// TestLifeEndsInEveryWay ends links until each way was seen.
func TestLifeEndsInEveryWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := started(t, Config{Ways: Ways, Life: func(*rand.Rand) time.Duration { return time.Second }})
		seen := map[string]bool{}
		for range 60 {
			conn, err := p.Dial(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			connect, _ := mqtttest.ParseHex(connect5)
			_, _ = conn.Write(connect)
			b := make([]byte, 64)
			n, _ := conn.Read(b)
			if b[0] == 0x20 && b[3] < 0x80 { // accepted
				n, _ = conn.Read(b)
			}
			switch {
			case n == 0:
				seen["closed"] = true
			case b[0] == 0x20:
				seen["refused"] = true
			case b[0] == 0xE0:
				seen["disconnect"] = true
			default:
				seen["malformed"] = true
			}
			_ = conn.Close()
			synctest.Wait()
		}
		p.Close()
		if len(seen) != 4 {
			t.Errorf("seen: %v", seen)
		}
	})
}

// TestSwallows: what the peer sends is lost, what the client sends is taken.
func TestSwallows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := planned(t, Plan{Way: Swallow, At: 15})
		c := join(t, p, connect3, connected3)
		synctest.Wait() // the bytes of CONNECT are through
		p.Send("c", Message{Topic: "t", Payload: []byte{'p'}, QoS: 1})
		c.ExpectNothing(swallowing - time.Millisecond)
		c.Send("40 02 0001")
		c.ExpectClosed()
		if n := p.Open("c"); n != 0 {
			t.Errorf("%d messages are not acknowledged", n)
		}
	})
}
