package link

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"dunlin/mqtt/internal/wire"
)

// crowded is an owner that has no room until its gate is open, and has the link read
// ahead meanwhile.
type crowded struct {
	recorder
	link   *Link
	most   int
	gate   chan struct{} // closed: there is room
	states chan AheadState
}

func (c *crowded) AwaitRoom(ended <-chan struct{}) (int, bool) {
	if c.link.Ahead() == AheadOff {
		select {
		case <-c.gate:
			return 0, true
		default:
			return c.most, true
		}
	}
	select {
	case <-c.gate:
	case <-ended:
	}
	return 0, true
}

func (c *crowded) HeardAhead(_ time.Time, _ int, state AheadState) { c.states <- state }

// startCrowded runs a link that reads up to most bytes ahead.
func startCrowded(most int) (*crowded, net.Conn) {
	return startCrowdedBy(most, Config{ReadBuffer: 16, MaxPacket: 21, StreamLarge: true})
}

func startCrowdedBy(most int, cfg Config) (*crowded, net.Conn) {
	c := &crowded{gate: make(chan struct{}), states: make(chan AheadState, 10_000)}
	c.most = most
	c.ended = make(chan error, 1)
	ours, theirs := net.Pipe()
	cfg.Linger, cfg.WriteStalls = time.Second, c.writeStalls
	c.link = Start(ours, c, cfg)
	return c, theirs
}

// heard returns the states that the owner was told of.
func (c *crowded) heard() (states []AheadState) {
	for len(c.states) > 0 {
		states = append(states, <-c.states)
	}
	return states
}

var farewell = []byte("\x30\x03\x00\x01t" + "\x32\x1A\x00\x01s\x00\x07\x0012345678901234567890" + "\xD0\x00" + "\x30\x05\x00\x01t12" + "\xE0\x02\x8B\x00")

// TestDisconnectIsHeardAheadAtEverySplit has the owner want no more after the first part: the
// DISCONNECT is found in what is read ahead, also behind a payload that is streamed, or read into
// memory of its own, and what is before it comes whole and in order once there is room.
func TestDisconnectIsHeardAheadAtEverySplit(t *testing.T) {
	t.Run("streamed", func(t *testing.T) {
		testDisconnectAhead(t, Config{ReadBuffer: 16, MaxPacket: 21, StreamLarge: true},
			"PUBLISH 3", "stream s 20", "streamed 20", "PINGRESP 0", "PUBLISH 5", "DISCONNECT 2")
	})
	t.Run("straight", func(t *testing.T) {
		testDisconnectAhead(t, Config{ReadBuffer: 16, MaxPacket: 100, Straight: 20},
			"PUBLISH 3", "PUBLISH 26", "PINGRESP 0", "PUBLISH 5", "DISCONNECT 2")
	})
}

func testDisconnectAhead(t *testing.T, cfg Config, want ...string) {
	for i := 1; i < len(farewell); i++ {
		for j := i; j < len(farewell); j++ {
			synctest.Test(t, func(t *testing.T) {
				c, peer := startCrowdedBy(1000, cfg)
				c.link.SetVersion(wire.V5)
				for _, part := range [][]byte{farewell[:i], farewell[i:j], farewell[j : len(farewell)-1]} {
					_, _ = peer.Write(part) // what was heard tells
				}
				synctest.Wait()
				for _, state := range c.heard() {
					if state != AheadReads {
						t.Fatalf("split at %d and %d: state %d before the last byte", i, j, state)
					}
				}
				_, _ = peer.Write(farewell[len(farewell)-1:])
				synctest.Wait()
				if heard := c.heard(); len(heard) != 1 || heard[0] != AheadOver {
					t.Fatalf("split at %d and %d: states %d with the last byte", i, j, heard)
				}
				close(c.gate)
				synctest.Wait()
				c.check(t, want...)
				_ = peer.Close()
				<-c.ended
			})
		}
	}
}

// TestEndsAreHeardAhead: an end of the stream, an error, and none of what only looks like one.
func TestEndsAreHeardAhead(t *testing.T) {
	for _, test := range []struct {
		name, sent string
		closes     bool
		want       AheadState
	}{
		{"end of the stream", "\x30\x03\x00\x01t", true, AheadOver},
		{"end in a packet", "\x30\x05\x00\x01t", true, AheadOver},
		{"DISCONNECT without a body", "\xE0\x00", false, AheadOver},
		{"half a DISCONNECT", "\xE0\x02\x8B", false, AheadReads},
		{"DISCONNECT in a payload", "\x30\x07\x00\x01t\xE0\x00\xE0\x00", false, AheadReads},
		{"behind flags that are wrong", "\xD1\x00\xE0\x00", false, AheadOver},
		{"behind a malformed length", "\x30\x80\x80\x80\x80\xE0\x00", false, AheadReads},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, peer := startCrowded(1000)
			c.link.SetVersion(wire.V5)
			_, _ = peer.Write([]byte("\x30\x03\x00\x01t"))
			_, _ = peer.Write([]byte(test.sent)) // what was heard tells
			if test.closes {
				_ = peer.Close()
			}
			synctest.Wait()
			heard := c.heard()
			if got := heard[len(heard)-1]; got != test.want {
				t.Errorf("%s: state %d, want %d", test.name, got, test.want)
			}
			close(c.gate)
			_ = peer.Close()
			<-c.ended
		})
	}
}

// TestReadAheadIsBounded: what is beyond stays with the network. When there is room, it comes, and
// nothing is held or runs any more.
func TestReadAheadIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 100
		c, peer := startCrowded(most)
		written := make(chan int, 1)
		packet := []byte("\x30\x04\x00\x01tx")
		go func() {
			n := 0
			for range 100 {
				m, err := peer.Write(packet)
				if n += m; err != nil {
					break
				}
			}
			written <- n
		}()
		synctest.Wait()
		if heard := c.heard(); heard[len(heard)-1] != AheadFull {
			t.Errorf("states %d", heard)
		}
		a := c.link.ahead
		if held := len(a.held); held != most || cap(a.held) > 2*most || a.reading {
			t.Errorf("%d bytes are held in %d, reading %t", held, cap(a.held), a.reading)
		}
		if len(written) > 0 {
			t.Error("the server wrote all")
		}
		close(c.gate)
		if n := <-written; n != 100*len(packet) {
			t.Errorf("the server wrote %d bytes", n)
		}
		synctest.Wait()
		if c.link.ahead != nil {
			t.Error("what was read ahead is still held")
		}
		_ = peer.Close()
		if err := <-c.ended; !errors.Is(err, ErrClean) {
			t.Error(err)
		}
		c.check(t, strings.Split(strings.Repeat("PUBLISH 4,", 100), ",")[:100]...)
	})
}

// TestReadingAheadEndsWithThePause: with the next bytes that come, for the read that waits for
// them was begun before. From then on the link has its two goroutines and one buffer again.
func TestReadingAheadEndsWithThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer := startCrowded(100)
		for range 2 {
			_, _ = peer.Write([]byte("\x30\x03\x00\x01t")) // what was heard tells
			synctest.Wait()
		}
		close(c.gate)
		synctest.Wait()
		if c.link.ahead == nil || !c.link.ahead.reading {
			t.Error("nobody reads ahead")
		}
		for range 2 {
			_, _ = peer.Write([]byte("\x30\x03\x00\x01t"))
			synctest.Wait()
			if c.link.ahead != nil {
				t.Error("what was read ahead is still held")
			}
		}
		_ = peer.Close()
		<-c.ended
		c.check(t, "PUBLISH 3", "PUBLISH 3", "PUBLISH 3", "PUBLISH 3")
	})
}

// onOff is an owner that has room at times.
type onOff struct {
	crowded
	t    *rapid.T
	turn int
	long bool   // the link was told to read ahead
	rest []bool // whether to wait for what was written, by turn
	wake chan struct{}
}

func (o *onOff) AwaitRoom(ended <-chan struct{}) (int, bool) {
	if !o.long {
		o.turn++
		o.long = o.rest[o.turn%len(o.rest)]
		if o.long {
			return o.most, true
		}
		return 0, true
	}
	o.long = false
	select {
	case <-o.wake:
	case <-time.After(time.Second):
	case <-ended:
	}
	return 0, true
}

func (o *onOff) HeardAhead(_ time.Time, _ int, state AheadState) {
	if state == AheadOver {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
}

// TestPausesLoseNothing: whatever the sizes of what comes, and when there is room.
func TestPausesLoseNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rests := rapid.SliceOfN(rapid.Bool(), 1, 7).Draw(rt, "rests")
		most := rapid.IntRange(1, 60).Draw(rt, "most")
		sizes := rapid.SliceOfN(rapid.IntRange(0, 30), 1, 40).Draw(rt, "payloads")
		cuts := rapid.SliceOfN(rapid.IntRange(1, 50), 1, 40).Draw(rt, "pieces")
		gaps := rapid.SliceOfN(rapid.IntRange(0, 1500), 1, 5).Draw(rt, "milliseconds")
		straight := rapid.IntRange(0, 20).Draw(rt, "straight from")
		synctest.Test(t, func(t *testing.T) {
			o := &onOff{t: rt, rest: rests, wake: make(chan struct{}, 1)}
			o.most = most
			o.ended = make(chan error, 1)
			ours, peer := net.Pipe()
			o.link = Start(ours, o, Config{ReadBuffer: 16, MaxPacket: 20, Straight: straight, StreamLarge: true, Linger: time.Second, WriteStalls: o.writeStalls})
			var sent []byte
			var want []string
			for _, n := range sizes {
				sent = append(append(sent, 0x30, byte(3+n), 0, 1, 't'), bytes.Repeat([]byte{0xE0}, n)...)
				if 5+n > 20 {
					want = append(want, fmt.Sprintf("stream t %d", n), fmt.Sprintf("streamed %d", n))
				} else {
					want = append(want, fmt.Sprintf("PUBLISH %d", 3+n))
				}
			}
			for i := 0; len(sent) > 0; i++ {
				n := min(cuts[i%len(cuts)], len(sent))
				if _, err := peer.Write(sent[:n]); err != nil {
					t.Fatal(err)
				}
				sent = sent[n:]
				<-time.After(time.Duration(gaps[i%len(gaps)]) * time.Millisecond)
			}
			_ = peer.Close()
			if err := <-o.ended; !errors.Is(err, ErrClean) {
				t.Errorf("the end was %v", err)
			}
			o.check(t, want...)
		})
	})
}
