package mqtt_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"dunlin/mqtt"
)

func TestSmallerReceiveMaximum(t *testing.T) { // SR-11, FC-09, T-A9, fault 19: also for what is sent again
	lastingV5(t, "210005", nil, func(s *lasting) {
		s.publishes(1, "a", "b", "c", "d", "e", "f")
		s.play(`> pub 32 1 a
			> pub 32 2 b
			> pub 32 3 c
			> pub 32 4 d
			> pub 32 5 e
			quiet`)
		s.limits = "210002"
		s.play(`lose present
			> pub 3A 1 a
			> pub 3A 2 b
			quiet
			< 40 02 0002
			> pub 3A 3 c
			quiet
			< 40 02 0001
			> pub 3A 4 d
			< 40 02 0003 40 02 0004
			> pub 3A 5 e
			> pub 32 6 f
			quiet`)
	})
}

func TestReleaseHasItsPlaceInTheWindow(t *testing.T) { // FC-07: its PUBCOMP frees one place, not two
	lastingV5(t, "210001", nil, func(s *lasting) {
		s.publishes(2, "a")
		s.publishes(1, "b", "c")
		s.play(`> pub 34 1 a
			< 50 02 0001
			> 62 02 0001
			lose present
			> 62 02 0001
			quiet
			< 70 02 0001
			> pub 32 2 b
			quiet
			< 70 02 0001
			quiet
			< 40 02 0002
			> pub 32 3 c`)
	})
}

func TestReleasesBeyondTheWindow(t *testing.T) { // FC-07, FC-09: all of them are sent, and no PUBLISH until they are through
	lastingV5(t, "", nil, func(s *lasting) {
		s.publishes(2, "a", "b", "c")
		s.play(`> pub 34 1 a
			> pub 34 2 b
			> pub 34 3 c
			< 50 02 0001
			> 62 02 0001
			< 50 02 0002
			> 62 02 0002`)
		s.drop()
		s.publishes(1, "d")
		s.limits = "210001"
		s.acceptNext("present")
		s.play(`> 62 02 0001
			> 62 02 0002
			quiet
			< 70 02 0001
			quiet
			< 70 02 0002
			> pub 3C 3 c
			quiet
			< 50 02 0003
			> 62 02 0003
			quiet
			< 70 02 0003
			> pub 32 4 d
			quiet`)
	})
}

func TestLowerLimitsFailWhatNoLongerFits(t *testing.T) { // SR-12, fault 19: the rest goes on
	for name, limits := range map[string]string{"Maximum QoS": "2401", "retained": "2500", "Maximum Packet Size": "270000000C"} {
		t.Run(name, func(t *testing.T) {
			lastingV5(t, "", nil, func(s *lasting) {
				publish := func(m mqtt.Message) *mqtt.Delivery {
					m.Topic = "t"
					d, err := s.PublishAsync(s.ctx, m, nil)
					must(t, err)
					return d
				}
				first := publish(mqtt.Message{QoS: 1})
				sent := publish(mqtt.Message{Payload: []byte("123456"), QoS: 2, Retain: true})
				s.play(`> pub 32 1
					> pub 35 2 123456`)
				s.drop()
				waiting := publish(mqtt.Message{Payload: []byte("123456"), QoS: 2, Retain: true})
				last := publish(mqtt.Message{QoS: 1})
				s.limits = limits
				s.acceptNext("present")
				s.play(`> pub 3A 1
					> pub 32 3
					quiet
					< 40 02 0001 40 02 0003`)
				s.expectDone(first)
				s.expectDone(last)
				s.expectDone(sent, mqtt.ErrInDoubt)
				s.expectDone(waiting, mqtt.ErrNotSent)
				for _, d := range []*mqtt.Delivery{sent, waiting} {
					if !strings.Contains(d.Err().Error(), name) {
						t.Errorf("%v does not name the limit", d.Err())
					}
				}
			})
		})
	}
}

func TestReleaseIsNoMatterOfLimits(t *testing.T) { // SR-12: the server has the message already
	lastingV5(t, "", nil, func(s *lasting) {
		d := s.publishes(2, "123456")[0]
		s.play(`> pub 34 1 123456
			< 50 02 0001
			> 62 02 0001`)
		s.limits = "2401 270000000C"
		s.play(`lose present
			> 62 02 0001
			< 70 02 0001`)
		s.expectDone(d)
	})
}

func TestLimitsAreOfOneConnection(t *testing.T) { // CA-38, T-A17, FC-09
	lastingV5(t, "210001 220005 2400 2500 270000001E 2800 2A00 130005", nil, func(s *lasting) {
		for what, err := range map[string]error{
			"Maximum QoS": s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}),
			"retained":    s.Publish(s.ctx, mqtt.Message{Topic: "t", Retain: true}),
			"Packet Size": s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 26)}),
			"wildcard":    errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "a/+"})),
			"shared":      errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "$share/g/a"})),
		} {
			if err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("%s: %v", what, err)
			}
		}
		s.limits = ""
		s.lose("present")
		synctest.Wait() // for the CONNACK to be read
		a := s.ConnAck()
		if a.ReceiveMaximum != 65535 || a.TopicAliasMaximum != 0 || a.MaximumQoS != 2 || !a.RetainAvailable || a.KeepAlive != mqtt.DefaultKeepAlive {
			t.Errorf("%+v", a)
		}
		long := strings.Repeat("t", 40)
		for i := range 3 { // no alias, beyond the old window, and larger than the old limit
			_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: long, QoS: 2, Retain: true}, nil)
			must(t, err)
			s.server.Expect(hexOf(publishBytes(true, 0x35, long, uint16(i+1), "")))
		}
		subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "$share/g/a/+"})) })
		s.server.Expect("82 14 0004 02 0B01 000C 2473686172652F672F612F2B 00")
		s.server.Send("90 04 0004 00 00")
		s.mustWait(subscribed)
	})
}

func TestAliasesEndWithTheConnection(t *testing.T) { // SR-13, TA-09, fault 19
	publish := func(s *lasting) {
		_, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "topic", QoS: 1}, nil)
		must(s.t, err)
	}
	lastingV5(t, "220005", nil, func(s *lasting) {
		publish(s)
		publish(s)
		s.server.Expect("32 0D 0005 746F706963 0001 03 230001")
		s.server.Expect("32 08 0000 0002 03 230001")
		s.lose("present")
		s.server.Expect("3A 0A 0005 746F706963 0001 00") // the full topic
		s.server.Expect("3A 0A 0005 746F706963 0002 00")
		publish(s)
		s.server.Expect("32 0D 0005 746F706963 0003 03 230001") // the alias is made anew
		publish(s)
		s.server.Expect("32 08 0000 0004 03 230001")
		s.limits = ""
		s.lose("present") // a server that takes none
		for i := range 4 {
			s.server.Expect(hexOf(publishBytes(true, 0x3A, "topic", uint16(i+1), "")))
		}
		publish(s)
		s.server.Expect("32 0A 0005 746F706963 0005 00")
	})
}

func TestInboundAliasesEndWithTheConnection(t *testing.T) { // SR-14
	lastingV5(t, "", nil, func(s *lasting) {
		s.server.Send("30 0C 0005 746F706963 03 230001 61", "30 07 0000 03 230001 62")
		s.expectEvent("message topic=a q0")
		s.expectEvent("message topic=b q0")
		s.lose("present")
		s.server.Send("30 07 0000 03 230001 63")
		s.server.Expect("E0 01 82")
		s.server.ExpectClosed()
		s.server.Close()
		s.acceptNext("present") // and it goes on
		s.play(`< pub 30 0 d
			got t=d q0
			nothing`)
	})
}
