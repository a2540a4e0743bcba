package mqtt_test

import (
	"context"
	"testing"
	"testing/synctest"

	"dunlin/mqtt"
)

// TestServerKilledAtEachStepInbound is fault 2: whatever the server repeats, on
// whatever connection, the handler has it once.
func TestServerKilledAtEachStepInbound(t *testing.T) { // RX-27, RX-28, fault 2, T-A4
	for name, script := range map[string]string{
		"RX-27 PUBREC": `
			< pub 34 9 a
			got t=a q2 id9
			> 50 02 0009
			lose present
			< pub 3C 9 a
			> 50 02 0009
			< 62 02 0009
			> 70 02 0009`,
		"RX-28 PUBREC, which had come": `
			< pub 34 9 a
			got t=a q2 id9
			> 50 02 0009
			lose present
			< 62 02 0009
			> 70 02 0009`,
		"PUBCOMP": `
			< pub 34 9 a
			got t=a q2 id9
			> 50 02 0009
			< 62 02 0009
			> 70 02 0009
			lose present
			< pub 34 9 b
			got t=b q2 id9
			> 50 02 0009`,
		"five repeats on five connections, without DUP, too": `
			< pub 34 9 a
			got t=a q2 id9
			> 50 02 0009
			lose present
			< pub 3C 9 a
			> 50 02 0009
			lose present
			< pub 34 9 a
			> 50 02 0009
			< pub 3C 9 a
			> 50 02 0009
			lose present
			< pub 3C 9 a
			> 50 02 0009
			lose present
			< pub 3C 9 a
			> 50 02 0009
			< 62 02 0009
			> 70 02 0009`,
	} {
		t.Run(name, func(t *testing.T) {
			eachLasting(t, nil, func(s *lasting) {
				s.play(script)
				s.play("nothing")
			})
		})
	}
}

func TestReleaseOfALostPubComp(t *testing.T) { // RX-28, fault 2: also what is not known any more is ended
	eachLasting(t, nil, func(s *lasting) {
		s.play(`< pub 34 9 a
			got t=a q2 id9
			> 50 02 0009
			< 62 02 0009
			> 70 02 0009
			lose present
			< 62 02 0009`)
		if s.five {
			s.play("> 70 03 0009 92")
		} else {
			s.play("> 70 02 0009")
		}
	})
}

func TestNewSessionDeliversAgain(t *testing.T) { // RX-29: its identifiers mean new messages, also equal ones
	eachLasting(t, nil, func(s *lasting) {
		s.play(`< pub 34 9 a
			got t=a q2 id9
			> 50 02 0009
			lose absent
			< pub 34 9 a
			got t=a q2 id9
			> 50 02 0009
			nothing`)
	})
}

// holding has every message wait for its acknowledgement by the test.
func holding(t *testing.T, f func(s *lasting, got chan *mqtt.Received)) {
	t.Helper()
	got := make(chan *mqtt.Received, 10)
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		t.Run(version.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got = make(chan *mqtt.Received, 10)
				s := newLasting(t, version, func(cfg *mqtt.Config) {
					cfg.ManualAck = true
					cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { got <- m }
				})
				s.connect("absent")
				f(s, got)
				synctest.Wait()
				if len(got) > 0 {
					t.Errorf("delivered again: %s", describe(<-got))
				}
			})
		})
	}
}

func TestAcknowledgementsStayWithTheirConnection(t *testing.T) { // RX-13, SR-15, T-A11, peer 4.28
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play("< pub 32 5 a")
		m := <-got
		s.drop()
		checkError(s.t, m.Ack(), mqtt.ErrNotConnected)
		s.acceptNext("present")
		s.play(`quiet
			< pub 3A 5 a
			quiet`)
		old := m
		m = <-got
		checkError(s.t, old.Ack(), mqtt.ErrNotConnected) // of QoS 1 it counts no more
		s.play("quiet")
		must(s.t, m.Ack())
		s.play(`> 40 02 0005
			< pub 34 6 b`)
		m = <-got
		s.lose("present")
		must(s.t, m.Ack()) // on the next one
		s.play(`quiet
			< pub 3C 6 b
			> 50 02 0006
			< pub 34 7 c`)
		m = <-got
		s.lose("present")
		s.play(`< pub 3C 7 c
			quiet`)
		must(s.t, m.Ack()) // after the server has sent it again
		s.play("> 50 02 0007")
	})
}

func TestAcknowledgementOfALostSession(t *testing.T) { // RX-13, T-A11: it is not that of another message
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play(`< pub 32 5 a
			< pub 34 6 b`)
		old := []*mqtt.Received{<-got, <-got}
		s.play(`lose absent
			< pub 32 5 c
			< pub 34 6 d`)
		fresh := []*mqtt.Received{<-got, <-got}
		for _, m := range old {
			checkError(s.t, m.Ack(), mqtt.ErrNotConnected)
		}
		s.play("quiet")
		for _, m := range fresh {
			must(s.t, m.Ack())
		}
		s.play(`> 40 02 0005
			> 50 02 0006`)
	})
}

func TestIdentifierUsedAnew(t *testing.T) { // RX-13, T-A11: an old acknowledgement is not that of another message
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play("< pub 32 5 a")
		old := <-got
		s.play(`lose present
			< pub 32 5 b`)
		fresh := <-got
		checkError(s.t, old.Ack(), mqtt.ErrNotConnected)
		s.play("quiet")
		must(s.t, fresh.Ack())
		s.play("> 40 02 0005")
	})
}

// TestHandlerRunsAcrossALoss has the first of several messages being handled, and
// the others waiting, when the connection breaks. Those of QoS 2 are handled once, and what
// waits of QoS 1 is left to the copy that the server sends.
func TestHandlerRunsAcrossALoss(t *testing.T) { // RX-27, fault 2, T-A4
	for _, end := range []string{"before the server sends again", "after it"} {
		t.Run(end, func(t *testing.T) {
			block, begun := make(chan struct{}), make(chan struct{}, 10)
			slow := func(cfg *mqtt.Config) {
				block, begun = make(chan struct{}), make(chan struct{}, 10)
				f := cfg.OnMessage
				cfg.OnMessage = func(ctx context.Context, m *mqtt.Received) {
					begun <- struct{}{}
					<-block
					f(ctx, m)
				}
			}
			eachLasting(t, slow, func(s *lasting) {
				s.play(`< pub 32 5 a
					< pub 34 6 b
					< pub 32 7 c`)
				<-begun
				s.lose("present")
				synctest.Wait() // the session goes on
				if end != "after it" {
					close(block)
					s.play("quiet")
				}
				s.play(`< pub 3A 5 a
					< pub 3C 6 b
					< pub 3A 7 c`)
				if end == "after it" {
					s.play("quiet")
					close(block)
				}
				s.play(`> 40 02 0005
					> 50 02 0006
					> 40 02 0007
					got t=a q1 id5
					got t=b q2 id6
					got t=a q1 id5 dup
					got t=c q1 id7 dup
					nothing
					< 62 02 0006
					> 70 02 0006
					< pub 32 5 d
					> 40 02 0005
					got t=d q1 id5`)
			})
		})
	}
}

func TestPanicIsRedelivered(t *testing.T) { // TR-13, fault 13: not acknowledged, so it comes again
	failures := 0
	panicking := func(cfg *mqtt.Config) {
		failures = 0
		f := cfg.OnMessage
		cfg.OnMessage = func(ctx context.Context, m *mqtt.Received) {
			if failures < 2 && string(m.Payload) == "bad" {
				failures++
				panic("not now")
			}
			f(ctx, m)
		}
	}
	eachLasting(t, panicking, func(s *lasting) {
		for _, first := range []string{"32", "34"} {
			failures = 0
			ack := map[string]string{"32": "> 40 02 0005", "34": "> 50 02 0005"}[first]
			again := map[string]string{"32": "3A", "34": "3C"}[first]
			s.play("< pub " + first + " 5 bad")
			s.expectEvent("error: a handler panicked: not now")
			s.play(`< pub 32 6 good
				got t=good q1
				> 40 02 0006
				quiet
				lose present
				< pub ` + again + ` 5 bad`)
			s.expectEvent("error: a handler panicked: not now")
			s.play(`quiet
				lose present
				< pub ` + again + " 5 bad\n" + ack + `
				got t=bad
				nothing`)
		}
	})
}
