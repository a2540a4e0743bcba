package cut

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"dunlin/faultlab/internal/lab"
	"dunlin/faultlab/internal/peer"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// Every cell, in fake time: a minute of waiting takes no time, and a goroutine
// that stays behind fails the test.
func TestEveryByte(t *testing.T) {
	total := 0
	for _, f := range flows {
		for _, v := range f.versions {
			t.Run(f.name+" "+v.String(), func(t *testing.T) {
				var all []cell
				synctest.Test(t, func(t *testing.T) {
					var err error
					if all, err = cells(t.Context(), f, v, 20*stride, lab.Random(rand.Uint64(), f.name)); err != nil {
						t.Fatal(err)
					}
				})
				for _, c := range all[rand.IntN(stride):] {
					if total++; total%stride != 0 {
						continue
					}
					if t.Failed() { // one cell says enough, and others like it may take long
						return
					}
					synctest.Test(t, func(t *testing.T) {
						if err := try(t.Context(), c); err != nil {
							t.Errorf("%s: %v", c, err)
						}
					})
				}
			})
		}
	}
	t.Logf("%d cells", total/stride)
}

func TestExpectation(t *testing.T) {
	for _, c := range []struct {
		qos       mqtt.QoS
		got, want []string
		ok        bool
	}{
		{mqtt.ExactlyOnce, []string{"a", "b"}, []string{"a", "b"}, true},
		{mqtt.ExactlyOnce, []string{"a", "b", "b"}, []string{"a", "b"}, false},
		{mqtt.ExactlyOnce, []string{"b", "a"}, []string{"a", "b"}, false},
		{mqtt.ExactlyOnce, []string{"a"}, []string{"a", "b"}, false},
		{mqtt.AtLeastOnce, []string{"a", "b", "a"}, []string{"a", "b"}, true},
		{mqtt.AtLeastOnce, []string{"b", "a"}, []string{"a", "b"}, false},
		{mqtt.AtLeastOnce, []string{"a", "x"}, []string{"a"}, false},
		{mqtt.AtMostOnce, []string{"b"}, []string{"a", "b"}, true},
		{mqtt.AtMostOnce, nil, []string{"a", "b"}, true},
		{mqtt.AtMostOnce, []string{"b", "b"}, []string{"a", "b"}, false},
	} {
		if err := (expectation{c.want, c.qos}).check("it got", c.got); (err == nil) != c.ok {
			t.Errorf("%q of %q at QoS %d: %v", c.got, c.want, c.qos, err)
		}
	}
}

// TestAcknowledgedTooEarly tells what is lost from what a handler got later.
func TestAcknowledgedTooEarly(t *testing.T) {
	w := &world{flow: flow{in: expectation{[]string{"a", "b"}, mqtt.AtLeastOnce}}, handled: []string{"a"}}
	w.acknowledged([]byte("a"))
	w.acknowledged([]byte("x")) // nothing that a handler would get
	if err := w.early(); err != nil {
		t.Error(err)
	}
	w.acknowledged([]byte("b"))
	if err := w.early(); !errors.Is(err, errLost) {
		t.Errorf("acknowledged and never seen: %v", err)
	}
	w.handled = append(w.handled, "b")
	if err := w.early(); !errors.Is(err, errEarly) {
		t.Errorf("acknowledged and seen then: %v", err)
	}
}

// TestStandstill has a client that pings and acknowledges nothing.
func TestStandstill(t *testing.T) {
	for _, test := range []struct {
		handled []string
		want    error
	}{{[]string{"m"}, errStuck}, {nil, errLost}} {
		synctest.Test(t, func(t *testing.T) {
			w := &world{peer: peer.New(peer.Config{}), handled: test.handled}
			defer w.peer.Close()
			conn, err := w.peer.Dial(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			c := mqtttest.NewConn(t, conn)
			c.Send("10 0F 00044D515454 04 00 003C 0003 637574")
			c.Expect("20 02 0000")
			w.peer.Send(clientID, peer.Message{Topic: "t", Payload: []byte("m"), QoS: 1})
			c.Expect("32 06 0001 74 0001 6D")
			c.Send("C0 00")
			c.Expect("D0 00")
			if err := w.awaitClosed(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("handled %q: %v, want %v", test.handled, err, test.want)
			}
		})
	}
}
