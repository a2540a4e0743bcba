package mqtt_test

import (
	"context"
	"testing"
	"testing/synctest"

	"dunlin/mqtt"
)

// TestServerKilledAtEachStepInbound: whatever the server repeats, on
// whatever connection, the handler has it once.
//
// It shows RX-27: delivered once across connections; RX-28: PUBREL in a later connection
// [MQTT-4.4.0-1] of 5. It keeps out T-A4: a QoS 2 message that is repeated is delivered twice.
func TestServerKilledAtEachStepInbound(t *testing.T) {
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

// TestPubRelAfterALostPubComp: it is answered though the message is not known any more. It shows
// RX-28: PUBREL in a later connection [MQTT-4.4.0-1] of 5.
func TestPubRelAfterALostPubComp(t *testing.T) {
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

// TestNewSessionDeliversAgain: its identifiers mean new messages, also where the payload is equal.
// It shows RX-29: message delivered again in a new session [MQTT-3.2.2-5] of 5.
func TestNewSessionDeliversAgain(t *testing.T) {
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

// TestMQTT31DoesNotSayThatASessionGoesOn: its CONNACK has no Session Present. What the server sends
// again, with DUP, is handled once even so, and the subscriptions are renewed; what comes without
// DUP is new.
func TestMQTT31DoesNotSayThatASessionGoesOn(t *testing.T) {
	for _, change := range []func(*mqtt.Config){nil, withStore} {
		synctest.Test(t, func(t *testing.T) {
			s := newLasting(t, mqtt.V31, change)
			s.connect("absent")
			must(t, s.subscribeHere(mqtt.Subscription{Filter: "t", QoS: 2}))
			s.play(`< pub 34 9 a
				got t=a q2 id9
				> 50 02 0009
				< pub 34 8 b
				got t=b q2 id8
				> 50 02 0008
				lose absent
				> 82 06 0002 000174 02
				< 90 03 0002 02
				< pub 3C 9 a
				> 50 02 0009
				< 62 02 0009
				> 70 02 0009
				< 62 02 0008
				> 70 02 0008
				< pub 34 9 a
				got t=a q2 id9
				> 50 02 0009
				lose absent
				> 82 06 0003 000174 02
				< pub 34 9 a
				got t=a q2 id9
				> 50 02 0009
				nothing`)
		})
	}
	synctest.Test(t, func(t *testing.T) { // unless the session was to begin clean
		s := newLasting(t, mqtt.V31, func(cfg *mqtt.Config) { cfg.KeepSession = false })
		s.connect("absent")
		s.play(`< pub 34 9 a
			got t=a q2 id9
			> 50 02 0009
			lose absent
			< pub 3C 9 a
			got t=a q2 id9
			> 50 02 0009`)
	})
}

// TestHandlerRunsAcrossALoss has the first of several messages being handled, and
// the others waiting, when the connection breaks. Those of QoS 2 are handled once, and what
// waits of QoS 1 is left to the copy that the server sends.
//
// It shows RX-27: delivered once across connections. It keeps out T-A4: a QoS 2 message that is
// repeated is delivered twice.
func TestHandlerRunsAcrossALoss(t *testing.T) {
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

// TestPanicIsRedelivered: a message whose handler panicked is not acknowledged, so it comes again.
// It shows TR-13: handler panics.
func TestPanicIsRedelivered(t *testing.T) {
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

// Some servers give messages new packet identifiers when a session goes on, and set
// DUP: RabbitMQ 3.10.8 does at QoS 1. The client must not take one message for another.

// TestRenumberedQoS1IsHandledAndAcknowledged shows RX-07: identifier again after PUBACK
// [MQTT-4.3.2-5]. It keeps out T-A11: acknowledgements leave on the wrong connection.
func TestRenumberedQoS1IsHandledAndAcknowledged(t *testing.T) {
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play(`< pub 32 1 m1
			< pub 32 2 m2
			< pub 32 3 m3
			< pub 32 4 m4`)
		var old []*mqtt.Received
		for range 4 {
			old = append(old, <-got)
		}
		must(s.t, old[0].Ack())
		must(s.t, old[1].Ack())
		s.play(`> 40 02 0001
			> 40 02 0002
			lose present
			< pub 3A 1 m3
			< pub 3A 2 m4
			< pub 3A 3 m5
			< pub 3A 4 m6`)
		checkError(s.t, old[2].Ack(), mqtt.ErrNotConnected) // they say nothing of m5 and m6
		checkError(s.t, old[3].Ack(), mqtt.ErrNotConnected)
		s.play("quiet")
		for _, want := range []string{"m3", "m4", "m5", "m6"} {
			m := <-got
			if string(m.Payload) != want {
				s.t.Fatalf("got %s, want %s", describe(m), want)
			}
			must(s.t, m.Ack())
		}
		s.play(`> 40 02 0001
			> 40 02 0002
			> 40 02 0003
			> 40 02 0004`)
	})
}

// TestRenumberedQoS2IsNotTakenForARepeat: the same message under its identifier is a repetition,
// another is none. It shows RX-27: delivered once across connections.
func TestRenumberedQoS2IsNotTakenForARepeat(t *testing.T) {
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play(`< pub 34 1 m1
			< pub 34 2 m2
			< pub 34 3 m3`)
		m1, m2 := <-got, <-got
		<-got
		must(s.t, m1.Ack())
		s.play(`> 50 02 0001
			lose present
			< pub 3C 2 m2`) // still the old numbers
		must(s.t, m2.Ack())
		s.play(`> 50 02 0002
			lose present
			< pub 3C 1 m3`) // new ones: m1 was received, m3 was not answered
		m3 := <-got
		must(s.t, m3.Ack())
		s.play(`> 50 02 0001
			< pub 34 3 m4`)
		m4 := <-got
		must(s.t, m4.Ack())
		s.play("> 50 02 0003")
		if string(m3.Payload) != "m3" || string(m4.Payload) != "m4" {
			s.t.Errorf("got %s and %s", describe(m3), describe(m4))
		}
	})
}

// TestRenumberedFromQoS2ToQoS1: an identifier means one message within one connection alone. It
// shows RX-26: one identifier at QoS 1 and 2.
func TestRenumberedFromQoS2ToQoS1(t *testing.T) {
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play("< pub 34 1 m1")
		<-got
		s.play(`lose present
			< pub 3A 1 m2`)
		must(s.t, (<-got).Ack())
		s.play("> 40 02 0001")
	})
}

// TestRenumberedPubRelIsAnswered: PUBREL comes in a later connection than its PUBLISH. It shows
// RX-25: PUBREL before our PUBREC.
func TestRenumberedPubRelIsAnswered(t *testing.T) {
	holding(t, func(s *lasting, got chan *mqtt.Received) {
		s.play("< pub 34 1 m1")
		m := <-got
		s.play(`lose present
			< 62 02 0001`)
		if s.five {
			s.play("> 70 03 0001 92")
		} else {
			s.play("> 70 02 0001")
		}
		must(s.t, m.Ack())
		s.play(`quiet
			< pub 3C 1 m1
			> 50 02 0001`)
	})
}
