package life

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// want is the table of rules once more, written in another way: a row for each
// operation and kind of client, a letter for each phase, in the order of the phases.
//
//	T taken, P parked, N noted, H handshake, E early, n ErrNotConnected, c ErrClosed, - ignored
const want = `
	Publish     once        nnnTcc
	Publish     reconnects  PPPTPc
	Publish     saves       nnnTcc
	Publish     both        PPPTPc
	PublishNow  once        nnnTcc
	PublishNow  reconnects  nnnTnc
	PublishNow  saves       nnnTcc
	PublishNow  both        nnnTnc
	Subscribe   once        nnnTcc
	Subscribe   reconnects  PPPTPc
	Subscribe   saves       nnnTcc
	Subscribe   both        PPPTPc
	Exchange    once        nnnTcc
	Exchange    reconnects  nnnTnc
	Exchange    saves       nnnTcc
	Exchange    both        nnnTnc
	Acknowledge once        cccTNc
	Acknowledge reconnects  NNNTNc
	Acknowledge saves       NNNTNN
	Acknowledge both        NNNTNN
	Packet      once        -EHT--
	Packet      reconnects  -EHT--
	Packet      saves       -EHT--
	Packet      both        -EHT--
	KeepAlive   once        ---T--
	KeepAlive   reconnects  ---T--
	KeepAlive   saves       ---T--
	KeepAlive   both        ---T--`

var (
	operationNames = [operations]string{"Publish", "PublishNow", "Subscribe", "Exchange", "Acknowledge", "Packet", "KeepAlive"}
	kindNames      = [kinds]string{"once", "reconnects", "saves", "both"}
	kindsOf        = [kinds]Kind{once: {}, reconnects: {Reconnects: true}, saves: {Saves: true}, both: {Reconnects: true, Saves: true}}
	letters        = map[Rule]byte{
		Take: 'T', Park: 'P', Note: 'N', Handshake: 'H', Early: 'E', NotConnected: 'n', Closed: 'c', Ignore: '-',
	}
)

// at returns a machine that has come to a phase on the way that clients take.
func at(t *testing.T, kind Kind, phase Phase) *Machine {
	t.Helper()
	m := New(kind)
	steps := []func(){
		Opening:    func() { m.Attach() },
		Connecting: func() { must(t, m.Connect()) },
		Live:       func() { m.Accept(time.Unix(1, 0)) },
		Going:      func() { m.Leave(errLost) },
		Ended: func() {
			m.Detach(errLost, true)
			m.Finish(nil)
		},
	}
	for p := Opening; p <= phase; p++ {
		steps[p]()
	}
	if m.Phase() != phase {
		t.Fatalf("%v, want %v", m.Phase(), phase)
	}
	return &m
}

var errLost = errors.New("the line was cut")

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRulesOfEachOperation also shows that no operation, kind or phase is left out.
func TestRulesOfEachOperation(t *testing.T) {
	expected := make(map[string]string)
	for line := range strings.Lines(want) {
		if f := strings.Fields(line); len(f) == 3 {
			expected[f[0]+" "+f[1]] = f[2]
		}
	}
	for op := range operations {
		for column, kind := range kindsOf {
			name := operationNames[op] + " " + kindNames[column]
			var got []byte
			for p := range phases {
				got = append(got, letters[at(t, kind, p).Rule(op)])
			}
			if string(got) != expected[name] {
				t.Errorf("%s: %s, want %s", name, got, expected[name])
			}
			delete(expected, name)
		}
	}
	for name := range expected {
		t.Errorf("the client knows no %s", name)
	}
}

// TestRulesThatFollowFromTheirWords checks what each cell has to be, whatever else it
// says.
func TestRulesThatFollowFromTheirWords(t *testing.T) {
	for op := range operations {
		for column, kind := range kindsOf {
			for p := range phases {
				rule := rules[op][column][p]
				name := operationNames[op] + ", " + kindNames[column] + ", " + p.String()
				switch {
				case rule == Take && p != Live, rule != Take && p == Live:
					t.Errorf("%s: what a connection is needed for is done with one, and only then", name)
				case rule == Park && (!kind.Reconnects || p == Ended):
					t.Errorf("%s: parked for a connection that will not come", name)
				case (rule == Handshake || rule == Early) && op != Packet:
					t.Errorf("%s: a rule for packets", name)
				case rule == Note && op != Acknowledge:
					t.Errorf("%s: a rule for acknowledgements", name)
				case op.begins() && p == Ended && rule != Closed:
					t.Errorf("%s: begun at a client that has ended", name)
				case op.begins() && p == Going && (rule == Closed) == kind.Reconnects:
					t.Errorf("%s: ErrClosed says that the client does not come back", name)
				}
			}
		}
	}
}

// TestNothingBeginsWhileClosing: neither while Close waits for what is not complete nor
// after it; what came before is still answered.
func TestNothingBeginsWhileClosing(t *testing.T) {
	for column, kind := range kindsOf {
		for name, closing := range map[string]func(*Machine){
			"draining": func(m *Machine) {
				if !m.Drain() {
					t.Error("nothing to drain")
				}
			},
			"closed": func(m *Machine) { m.Close() },
		} {
			m := at(t, kind, Live)
			closing(m)
			for op := range operations {
				if got, want := m.Rule(op), map[bool]Rule{true: Closed, false: Take}[op.begins()]; got != want {
					t.Errorf("%s, %s, %s: rule %d, want %d", kindNames[column], name, operationNames[op], got, want)
				}
			}
		}
	}
	for _, p := range []Phase{Between, Opening, Connecting, Going, Ended} {
		m := at(t, Kind{Reconnects: true}, p)
		if m.Drain() || p != Ended && m.Rule(Acknowledge) != Note {
			t.Errorf("%v: Close waits, though no connection stands", p)
		}
		m.Close()
		if m.Rule(Publish) != Closed {
			t.Errorf("%v: a publish begins after Close", p)
		}
	}
}

// TestRefusals: each says whether the client comes back, and why there is no connection.
func TestRefusals(t *testing.T) {
	for column, kind := range kindsOf {
		for p := range phases {
			m := at(t, kind, p)
			if p == Between {
				m.Fail(errLost)
			}
			for op := range operations {
				err := m.Refusal(op)
				switch m.Rule(op) {
				case NotConnected:
					late := p == Between || p == Going // else there is no reason yet
					if !errors.Is(err, ErrNotConnected) || errors.Is(err, ErrClosed) || late != errors.Is(err, errLost) {
						t.Errorf("%s, %v, %s: %v", kindNames[column], p, operationNames[op], err)
					}
				case Closed:
					if !errors.Is(err, ErrClosed) || errors.Is(err, ErrNotConnected) || (p >= Going) != errors.Is(err, errLost) {
						t.Errorf("%s, %v, %s: %v", kindNames[column], p, operationNames[op], err)
					}
				default:
					if err != nil {
						t.Errorf("%s, %v, %s: refused with %v", kindNames[column], p, operationNames[op], err)
					}
				}
			}
		}
	}
}
