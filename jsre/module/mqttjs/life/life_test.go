package life

import "testing"

// walk takes a client from the start to a phase, by the events of a usual life.
func walk(p Phase) *Machine {
	m := &Machine{}
	for _, e := range map[Phase][]Event{
		Opening:    {Attempt},
		Connecting: {Attempt, Ask},
		Resuming:   {Attempt, Ask, Accept},
		Live:       {Attempt, Ask, Accept, Resume},
		Going:      {Attempt, Ask, Accept, Resume, Cut},
		Ended:      {Attempt, Ask, Accept, Resume, Depart, Close, Complete},
	}[p] {
		m.Step(e)
	}
	return m
}

// What each event does in each phase, written down once more: "phase deed", or nothing where it has no
// place. The columns are idle, opening, connecting, resuming, live, going, ended.
func TestWhatEachEventDoes(t *testing.T) {
	type row = [phases]step
	stay := func(p Phase) step { return step{p, Nothing} }
	none := row{stay(Idle), stay(Opening), stay(Connecting), stay(Resuming), stay(Live), stay(Going), stay(Ended)}
	with := func(change map[Phase]step) row {
		r := none
		for p, s := range change {
			r[p] = s
		}
		return r
	}
	gone := step{Idle, TellClosed}
	for e, want := range [events]row{
		Attempt:  with(map[Phase]step{Idle: {Opening, Open}, Going: {Going, OpenLater}, Ended: {Opening, Renew}}),
		Fail:     with(map[Phase]step{Opening: {Idle, Nothing}}),
		Ask:      with(map[Phase]step{Opening: {Connecting, Nothing}}),
		Accept:   with(map[Phase]step{Connecting: {Resuming, Welcome}}),
		Resume:   with(map[Phase]step{Resuming: {Live, Welcome}}),
		Depart:   {{Idle, Tell}, {Idle, Tell}, {Idle, GiveUp}, {Going, Part}, {Going, Part}, {Going, Wait}, {Ended, Nothing}},
		Cut:      {{Idle, Nothing}, {Idle, Nothing}, {Going, CutTransport}, {Going, CutTransport}, {Going, CutTransport}, {Going, CutTransport}, {Ended, Nothing}},
		Close:    {{Idle, Nothing}, {Opening, Nothing}, gone, gone, gone, gone, {Ended, Nothing}},
		Complete: with(map[Phase]step{Idle: {Ended, Tell}}),
	} {
		for p := range phases {
			m := walk(p)
			if m.Phase() != p {
				t.Fatalf("on the way to %v: %v", p, m.Phase())
			}
			deed := m.Step(Event(e))
			if got := (step{m.Phase(), deed}); got != want[p] {
				t.Errorf("event %d while %v: %v, deed %d; want %v, deed %d", e, p, got.to, got.deed, want[p].to, want[p].deed)
			}
		}
	}
}

// A client is connected from the server's acceptance to the end of the transport.
func TestConnected(t *testing.T) {
	for p := range phases {
		m := walk(p)
		if want := p == Resuming || p == Live || p == Going; m.Connected() != want {
			t.Errorf("%v: connected %v", p, m.Connected())
		}
		if m.Step(Close); m.Connected() {
			t.Errorf("%v: connected though the transport has ended", p)
		}
	}
}

// An end lasts until the client is asked to connect again; a refusal until the next attempt.
func TestWhetherAnAttemptFollows(t *testing.T) {
	m := walk(Live)
	m.Leave()
	if m.Returns() {
		t.Error("an attempt follows an end")
	}
	for _, e := range []Event{Depart, Close, Complete, Attempt} {
		m.Step(e)
	}
	if !m.Returns() || m.Leaving() {
		t.Error("a client that connects again is still leaving")
	}
	if ever, now := m.HasEnded(); !ever || now {
		t.Errorf("there was an end: %v, the client has ended: %v", ever, now)
	}
	m = walk(Connecting)
	m.Bar(true)
	m.Step(Cut)
	m.Step(Close)
	if m.Returns() {
		t.Error("an attempt follows a refusal")
	}
	if m.Step(Attempt); !m.Returns() {
		t.Error("an attempt that the script makes is barred")
	}
}

// What is stored goes before what comes meanwhile, nothing but answers goes out behind DISCONNECT, and
// what the connection to come does not know is dropped.
func TestWhatBecomesOfPackets(t *testing.T) {
	for _, c := range []struct {
		op   Operation
		want string // a letter for each phase
	}{
		{Lasting, "SSSENSS"},
		{Release, "SSSNNSS"},
		{Message, "PPPPWPP"},
		{Momentary, "RRRWWRR"},
		{Subscribe, "PPPPWPP"},
		{Answer, "DDDWWWD"},
		{Ping, "DDDWWDD"},
		{Authenticate, "DDWWWDD"},
	} {
		got := ""
		for p := range phases {
			got += map[Rule]string{Write: "W", Store: "S", StoreNow: "N", StoreEnd: "E", Park: "P", Drop: "D", Refuse: "R"}[walk(p).Rule(c.op)]
		}
		if got != c.want {
			t.Errorf("operation %d: %s, want %s", c.op, got, c.want)
		}
	}
}
