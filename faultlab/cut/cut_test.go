package cut

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"dunlin/faultlab/internal/lab"
	"dunlin/mqtt"
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
