package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"testing"
	"time"

	"dunlin/faultlab/internal/clients"
	"dunlin/faultlab/internal/lab"
	"dunlin/faultlab/internal/ledger"
	"dunlin/faultlab/internal/peer"
)

// forgetful says that everything was acknowledged and sends nothing but probes.
type forgetful struct{ clients.Client }

func (f forgetful) Publish(topic string, qos byte, payload []byte, done func(error)) error {
	if n, _ := ledger.ParsePayload(payload); n.Stream() == probes {
		return f.Client.Publish(topic, qos, payload, done)
	}
	done(nil)
	return nil
}

func TestSeesLostMessages(t *testing.T) {
	s := &soak{
		options:  options{client: "dunlin", version: 3, seconds: 1, rate: 300, killEvery: time.Minute, drain: 50 * time.Millisecond},
		result:   lab.NewResult("soak", 1, nil),
		progress: io.Discard,
		open: func(ctx context.Context, name string, o clients.Options) (clients.Client, error) {
			c, err := clients.Start(ctx, name, o)
			if o.ID == publisherID {
				return forgetful{c}, err
			}
			return c, err
		},
	}
	var out bytes.Buffer
	exit := s.soak(t.Context(), &out)
	var line struct{ Counts map[string]int }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	if exit != lab.Failed || line.Counts["lost"] != 200 || line.Counts["accepted"] != 200 {
		t.Errorf("exit %d, %s", exit, out.String())
	}
}

// TestSeesWhatIsAcknowledgedUnseen has a subscriber whose messages get lost behind it.
func TestSeesWhatIsAcknowledgedUnseen(t *testing.T) {
	s := &soak{
		options:  options{client: "dunlin", version: 3, seconds: 1, rate: 300, killEvery: time.Minute, drain: 50 * time.Millisecond},
		result:   lab.NewResult("soak", 1, nil),
		progress: io.Discard,
		open: func(ctx context.Context, name string, o clients.Options) (clients.Client, error) {
			take := o.Message
			o.Message = func(qos byte, payload []byte) {
				if n, _ := ledger.ParsePayload(payload); n.Stream() == probes {
					take(qos, payload)
				}
			}
			return clients.Start(ctx, name, o)
		},
	}
	var out bytes.Buffer
	exit := s.soak(t.Context(), &out)
	var line struct{ Counts map[string]int }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	if exit != lab.Failed || line.Counts["lost"] != 200 || line.Counts["acknowledged_early"] != 200 {
		t.Errorf("exit %d, %s", exit, out.String())
	}
}

// standing is a server that has these messages under way.
type standing struct {
	broker
	messages []peer.Message
}

// Unacknowledged implements broker.
func (s standing) Unacknowledged(string) []peer.Message { return s.messages }

func TestSeesStuckAcknowledgements(t *testing.T) {
	s := &soak{routed: ledger.New()}
	var under standing
	for i := range uint32(3) {
		n := ledger.NewNumber(0, i)
		if i < 2 { // the handler is through with it
			s.routed.Arrive(n, true)
		}
		under.messages = append(under.messages, peer.Message{Payload: ledger.AppendPayload(nil, n)})
	}
	s.server = under
	if n := s.stuck(); n != 2 {
		t.Errorf("%d are stuck, want 2: the third is still to come", n)
	}
}

func TestFlat(t *testing.T) {
	for name, c := range map[string]struct {
		early, late [3][]int
		fails       bool
	}{
		"level":       {[3][]int{{1}, {1}, {1}}, [3][]int{{1}, {1}, {1}}, false},
		"slack":       {[3][]int{{100 << 20}, {10}, {10}}, [3][]int{{113 << 20}, {25}, {25}}, false},
		"one peak":    {[3][]int{{1, 1, 1}, {1}, {1}}, [3][]int{{1, 1, 1 << 30}, {1}, {1}}, false},
		"heap":        {[3][]int{{100 << 20}, {1}, {1}}, [3][]int{{115 << 20}, {1}, {1}}, true},
		"goroutines":  {[3][]int{{1}, {1}, {1}}, [3][]int{{1}, {17}, {1}}, true},
		"descriptors": {[3][]int{{1}, {1}, {1}}, [3][]int{{1}, {1}, {17}}, true},
		"no samples":  {[3][]int{}, [3][]int{}, true},
	} {
		r := lab.NewResult("soak", 1, nil)
		(&flat{early: c.early, late: c.late}).judge(r)
		if got := r.End(io.Discard) == lab.Failed; got != c.fails {
			t.Errorf("%s: failed %t", name, got)
		}
	}
}

func TestSamplesQuarters(t *testing.T) {
	f := newFlat(8 * time.Second)
	for at := range 8 {
		f.sample(time.Duration(at) * time.Second)
	}
	if len(f.early[0]) != 2 || len(f.late[0]) != 2 || f.early[2][0] == 0 {
		t.Errorf("%+v", f)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-client", "none"}, {"-client", "paho", "-version", "5"}, {"-client", "paho", "-rate", "0"}, {"-ends", "softly"}} {
		if got := Run(t.Context(), args, io.Discard, io.Discard); got != lab.Usage {
			t.Errorf("%q: exit %d", args, got)
		}
	}
}

func TestNothingIsLostAndNothingGrows(t *testing.T) {
	for _, version := range []string{"3", "5"} {
		var out bytes.Buffer
		if exit := Run(t.Context(), []string{"-seconds", "3", "-rate", "300", "-version", version}, &out, io.Discard); exit != lab.Passed {
			t.Errorf("exit %d, %s", exit, out.String())
		}
		t.Log(out.String())
	}
}
