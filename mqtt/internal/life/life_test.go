package life

import (
	"errors"
	"testing"
	"time"
)

// TestWhatFollowsTheEndOfAConnection: who makes connections decides; otherwise a client
// that reconnects begins anew, and another has ended.
func TestWhatFollowsTheEndOfAConnection(t *testing.T) {
	for column, kind := range kindsOf {
		for _, closed := range []bool{false, true} {
			for _, p := range []Phase{Opening, Connecting, Live, Going} {
				follows := map[bool]Next{true: Reconnect, false: Finish}[kind.Reconnects && !closed]
				m, dialing := at(t, kind, p), at(t, kind, p)
				if m.Settle() != Wait {
					t.Errorf("%s, %v: there is a transport, and it is to be seen to: %d", kindNames[column], p, m.Settle())
				}
				if closed { // as far as Close has a meaning then
					m.closed, dialing.closed = true, true
				}
				if got := m.Detach(errLost, false); got != follows {
					t.Errorf("%s, %v, closed %v: %d follows, want %d", kindNames[column], p, closed, got, follows)
				}
				if got := dialing.Detach(errLost, true); got != Wait || dialing.Settle() != follows {
					t.Errorf("%s, %v, closed %v: %d follows while dialing, then %d", kindNames[column], p, closed, got, dialing.Settle())
				}
				if m.Phase() != Between || m.Live() {
					t.Errorf("%s: %v after the end of a connection", kindNames[column], m.Phase())
				}
			}
		}
	}
	if m := at(t, Kind{Reconnects: true}, Ended); m.Settle() != Finish || !m.HasEnded() {
		t.Error("a client that has ended goes on")
	}
}

func TestConnectionsAreNumbered(t *testing.T) {
	m := New(Kind{Reconnects: true})
	if m.Connection() != 0 || m.Accepts() != 0 {
		t.Error("there was no connection")
	}
	for n := uint64(1); n <= 3; n++ {
		if !m.Attach() || m.Connection() != n || m.Accepted() {
			t.Fatalf("connection %d is number %d", n, m.Connection())
		}
		must(t, m.Connect())
		if n == 2 { // was not accepted
			m.Detach(errLost, true)
			continue
		}
		m.Accept(time.Unix(int64(n), 0))
		if !m.Live() || !m.Accepted() || m.Since() != time.Unix(int64(n), 0) {
			t.Errorf("connection %d: %v since %v", n, m.Phase(), m.Since())
		}
		m.Detach(errLost, false)
	}
	if m.Accepts() != 2 {
		t.Errorf("%d were accepted", m.Accepts())
	}
}

func TestConnectOnce(t *testing.T) {
	for p := range phases {
		m := at(t, Kind{}, p)
		err := m.Connect()
		if (err == nil) != (p == Opening) || errors.Is(err, ErrClosed) != (p >= Going) || errors.Is(err, ErrNotConnected) != (p == Between) {
			t.Errorf("%v: %v", p, err)
		}
	}
}

func TestFirstCauseCounts(t *testing.T) {
	m := at(t, Kind{Reconnects: true}, Live)
	own := errors.New("the server broke the protocol")
	if !m.Leave(own) || !m.Leave(errLost) || m.Phase() != Going {
		t.Errorf("%v", m.Phase())
	}
	m.Detach(errLost, false)
	if !errors.Is(m.Last(), own) || errors.Is(m.Last(), errLost) {
		t.Errorf("ended because of %v", m.Last())
	}
	if m.Leave(errLost) {
		t.Error("a connection ended that was none")
	}
	m.Attach()
	if m.Cause() != nil || m.Live() {
		t.Errorf("the next one begins with %v", m.Cause())
	}
	m.Detach(errLost, true) // of a connection that was not accepted the attempt tells
	if !errors.Is(m.Last(), own) {
		t.Errorf("last is %v", m.Last())
	}
}

func TestWhatCloseTakes(t *testing.T) {
	for column, kind := range kindsOf {
		for p, want := range []Farewell{StopDialing, Cut, Cut, SayDisconnect, Nothing, Nothing} {
			m := at(t, kind, Phase(p))
			if got := m.Close(); got != want {
				t.Errorf("%s, %v: %d, want %d", kindNames[column], Phase(p), got, want)
			}
			if m.Attach() && m.Closed() {
				t.Errorf("%s, %v: a connection is made after Close", kindNames[column], Phase(p))
			}
			ended := Phase(p) == Ended || Phase(p) == Going && !m.lasting() // by itself: that is why, and not Close
			if m.Closed() == ended {
				t.Errorf("%s, %v: closed %v", kindNames[column], Phase(p), m.Closed())
			}
		}
	}
}

func TestEndAfterCloseHasNoOtherCause(t *testing.T) {
	m := at(t, Kind{Reconnects: true}, Live)
	m.Close()
	m.Detach(errLost, false)
	m.Finish(errLost)
	if err := m.End(); !errors.Is(err, ErrClosed) || errors.Is(err, errLost) {
		t.Errorf("ended with %v", err)
	}
	m = at(t, Kind{Reconnects: true}, Between)
	m.Finish(errLost)
	if err := m.End(); !errors.Is(err, ErrClosed) || !errors.Is(err, errLost) {
		t.Errorf("gave up with %v", err)
	}
}

// TestWhoIsToldOfTheEnd: the events of a connection are for what no call returns.
func TestWhoIsToldOfTheEnd(t *testing.T) {
	for column, kind := range kindsOf {
		for p, want := range []bool{Opening: kind == Kind{}, Connecting: false, Live: true, Going: true} {
			if Phase(p) == Between {
				continue
			}
			m := at(t, kind, Phase(p))
			m.Leave(errLost)
			if m.TellsOfEnd() != want {
				t.Errorf("%s, %v: told %v", kindNames[column], Phase(p), m.TellsOfEnd())
			}
			if kind.Reconnects {
				m.Close()
				if m.TellsOfEnd() {
					t.Errorf("%s, %v: told after Close", kindNames[column], Phase(p))
				}
			}
		}
	}
	if m := at(t, Kind{Dialed: true}, Opening); m.TellsOfEnd() {
		t.Error("told of what Dial returns")
	}
}
