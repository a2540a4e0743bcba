package mqtt_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/store"
)

// TestVersionAutoKeepsTheSessionInBothVersions: KeepSession is enough.
func TestVersionAutoKeepsTheSessionInBothVersions(t *testing.T) {
	for expiry, want := range map[time.Duration]string{0: "11ffffffff", time.Hour: "1100000e10"} {
		synctest.Test(t, func(t *testing.T) {
			s := newAuto(t, func(cfg *mqtt.Config) { cfg.Properties.SessionExpiry = expiry })
			dialed := s.start()
			if five := hexOf(s.meets(mqtt.V5, "")); !strings.Contains(five, "4d5154540500003c0d"+want) {
				t.Errorf("%v: %s", expiry, five)
			}
			if four := hexOf(s.meets(mqtt.V311, "absent")); four != "100d00044d5154540400003c000163" {
				t.Errorf("%v: %s", expiry, four)
			}
			s.mustWait(dialed)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := newAuto(t, func(cfg *mqtt.Config) { cfg.KeepSession = false })
		dialed := s.start()
		if five := hexOf(s.meets(mqtt.V5, "")); !strings.Contains(five, "4d5154540502003c082701000000220020") {
			t.Errorf("%s", five)
		}
		if four := hexOf(s.meets(mqtt.V311, "absent")); four != "100d00044d5154540402003c000163" {
			t.Errorf("%s", four)
		}
		s.mustWait(dialed)
	})
}

// TestWhatWasTakenBeforeTheVersionIsKnownIsSentInIt: what only MQTT 5 can say is not taken before.
func TestWhatWasTakenBeforeTheVersionIsKnownIsSentInIt(t *testing.T) {
	for _, version := range []mqtt.Version{mqtt.V5, mqtt.V311} {
		synctest.Test(t, func(t *testing.T) {
			s := newAuto(t, func(cfg *mqtt.Config) { cfg.Reconnect.Background, cfg.Limits.Queue.QoS0 = true, true })
			s.net.refuses(nobody)
			must(t, <-s.start())
			for qos := range mqtt.QoS(3) {
				must(t, errorOf(s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("a"), QoS: qos}, nil)))
			}
			checkError(t, s.publishWith(&mqtt.Properties{ContentType: "x"}), mqtt.ErrNotSent)
			checkError(t, errorOf(s.SubscribeAsync(s.ctx, []mqtt.Subscription{{Filter: "f", NoLocal: true}}, nil)), mqtt.ErrNotSent)
			must(t, errorOf(s.SubscribeAsync(s.ctx, []mqtt.Subscription{{Filter: "f", QoS: 1}}, nil)))
			s.net.refuses(nil)
			if version == mqtt.V311 {
				asked := s.net.accept()
				asked.Packet()
				checkError(t, s.publishWith(&mqtt.Properties{ContentType: "x"}), mqtt.ErrNotSent) // nothing is agreed yet
				asked.Send("20 02 0001")
				asked.Close()
			}
			s.meets(version, "absent")
			if version == mqtt.V5 {
				s.server.Expect("82 09 0001 02 0B01 0001 66 01")
			} else {
				s.server.Expect("82 06 0001 0001 66 01")
			}
			for qos, id := range []uint16{0, 2, 3} {
				s.server.Expect(hexOf(publishBytes(version == mqtt.V5, byte(0x30+qos<<1), "t", id, "a")))
			}
		})
	}
}

// TestPropertiesThatALaterServerCannotSayEndTheirMessage: nothing of it is left out in silence, and the others go on.
func TestPropertiesThatALaterServerCannotSayEndTheirMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAuto(t, func(cfg *mqtt.Config) { cfg.Reconnect.Servers = []string{"mqtt://two"} })
		dialed := s.start()
		s.meets(mqtt.V5, "absent")
		s.mustWait(dialed)
		s.drop()
		waits := s.net.accept() // the client is between two servers
		rich, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: 1, Properties: &mqtt.Properties{ContentType: "x"}}, nil)
		must(t, err)
		plain, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("a"), QoS: 1}, nil)
		must(t, err)
		waits.Packet()
		waits.Send("20 02 0001")
		waits.Close()
		s.meets(mqtt.V311, "absent")
		s.expectDone(rich, mqtt.ErrNotSent)
		if !strings.Contains(rich.Err().Error(), "need MQTT 5") {
			t.Errorf("got %v", rich.Err())
		}
		s.server.Expect(hexOf(publishBytes(false, 0x32, "t", 1, "a")))
		s.expectOpen(plain)
		s.server.Send("40 02 0001")
		s.expectDone(plain)
	})
}

// TestTheStoreRemembersTheVersionOfItsSession: the next process speaks it, and takes a closed
// connection for nothing else.
func TestTheStoreRemembersTheVersionOfItsSession(t *testing.T) {
	for _, version := range []mqtt.Version{mqtt.V5, mqtt.V311} {
		synctest.Test(t, func(t *testing.T) {
			kept := store.NewMemory()
			saving := func(cfg *mqtt.Config) { cfg.Store, cfg.Reconnect.Background = kept, true }
			s := newAuto(t, saving)
			must(t, <-s.start())
			if version == mqtt.V311 {
				s.meets(mqtt.V5, "20 02 0001")
			}
			s.meets(version, "absent")
			must(t, errorOf(s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("a"), QoS: 1}, nil)))
			s.server.Expect(hexOf(publishBytes(s.five, 0x32, "t", 1, "a")))
			synctest.Wait()
			kept = copyOf(kept)
			next := newAuto(t, saving)
			must(t, <-next.start())
			next.meets(version, "")
			next.meets(version, "present")
			next.server.Expect(hexOf(publishBytes(s.five, 0x3A, "t", 1, "a")))
			next.drop()
			next.meets(version, "20 0"+map[mqtt.Version]string{mqtt.V5: "2 0001", mqtt.V311: "3 008400"}[version]) // the server's word counts more
			next.meets(mqtt.V5+mqtt.V311-version, "")
			next.meets(mqtt.V5, "") // nothing is known any more
			next.meets(mqtt.V311, "absent")
		})
	}
}

// TestTheStoreDoesNotRememberAGuess: 3.1.1 after a closed connection is saved when it has come twice.
func TestTheStoreDoesNotRememberAGuess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := store.NewMemory()
		process := func() *lasting {
			kept = copyOf(kept)
			s := newAuto(t, func(cfg *mqtt.Config) { cfg.Store, cfg.Reconnect.Background = kept, true })
			must(t, <-s.start())
			return s
		}
		s := process()
		s.meets(mqtt.V5, "")
		s.meets(mqtt.V311, "absent")
		must(t, errorOf(s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("a"), QoS: 1}, nil)))
		s.server.Expect(hexOf(publishBytes(false, 0x32, "t", 1, "a")))
		s = process()
		s.meets(mqtt.V5, "")
		s.meets(mqtt.V311, "present")
		s.server.Expect(hexOf(publishBytes(false, 0x3A, "t", 1, "a")))
		s.drop()
		s.meets(mqtt.V5, "")
		s.meets(mqtt.V311, "present")
		s.server.Expect(hexOf(publishBytes(false, 0x3A, "t", 1, "a")))
		process().meets(mqtt.V311, "present")
	})
}

// TestAStoreWithPropertiesIsOneOfMQTT5: also where a client that named the version has filled it.
func TestAStoreWithPropertiesIsOneOfMQTT5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := store.NewMemory()
		s := newLasting(t, mqtt.V5, func(cfg *mqtt.Config) { cfg.Store = kept })
		s.connect("absent")
		must(t, s.publishWith(&mqtt.Properties{ContentType: "x"}))
		first := s.server.Packet()
		synctest.Wait()
		next := newAuto(t, func(cfg *mqtt.Config) { cfg.Store, cfg.Reconnect.Background = copyOf(kept), true })
		must(t, <-next.start())
		next.meets(mqtt.V5, "")
		next.meets(mqtt.V5, "present")
		again := next.server.Packet()
		if again[0] &^= 0x08; !bytes.Equal(again, first) { // but for DUP
			t.Errorf("% X, first % X", again, first)
		}
	})
}
