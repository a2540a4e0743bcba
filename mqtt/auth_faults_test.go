package mqtt_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"dunlin/mqtt"
)

func TestFaultyAuth(t *testing.T) { // AU-05, AU-06, AU-08, AU-09, MF-32: while connecting
	for name, test := range map[string]struct {
		send  string
		codes []byte
	}{
		"nothing at all":         {"F0 00", []byte{0x81, 0x82}},
		"without method":         {"F0 02 18 00", []byte{0x81, 0x82}},
		"cut":                    {"F0 01 18", []byte{0x81}},
		"method twice":           {"F0 0A 18 08 1500014D 1500014D", []byte{0x82}},
		"data twice":             {"F0 0E 18 0C 1500014D 16000161 16000161", []byte{0x82}},
		"flags":                  {"F1 06 18 04 1500014D", []byte{0x81}},
		"undefined code":         {"F0 06 01 04 1500014D", []byte{0x81, 0x82}},
		"a client's code":        {"F0 06 19 04 1500014D", []byte{0x82}},
		"success without asking": {"F0 06 00 04 1500014D", []byte{0x82}},
		"method in capitals":     {"F0 06 18 04 1500016D", []byte{0x82}},
	} {
		t.Run(name, func(t *testing.T) {
			s, dialed := dialAuth(t, &echoAuth{})
			s.server.Send(test.send)
			p := s.server.Packet()
			if len(p) != 3 || p[0] != 0xE0 || p[2] != test.codes[0] && p[2] != test.codes[len(test.codes)-1] {
				t.Errorf("the client said % X", p)
			}
			s.server.ExpectClosed()
			s.server.Close()
			var broken *mqtt.PacketError
			if err := s.wait(dialed); !errors.As(err, &broken) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestConnAckWithoutMethodIsTolerated(t *testing.T) { // AU-07
	s, dialed := dialAuth(t, &echoAuth{})
	s.server.Send("20 03 000000")
	s.mustWait(dialed)
	s.expectEvent("connect")
	s.closeWell()
}

func TestAuthNobodyAskedFor(t *testing.T) { // AU-05, CA-45, T-A26: [MQTT-4.12.0-7]
	for name, packet := range map[string]string{
		"AUTH":    "F0 06 18 04 1500014D",
		"CONNACK": "20 07 0000 04 1500014D",
		"data":    "F0 0A 18 08 1500014D 16000161",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, dialed := startPipe(t, v5)
				s.server.Packet()
				s.server.Send(packet)
				s.server.Expect("E0 01 82")
				s.server.Close()
				if err := <-dialed; err == nil {
					t.Error("connected")
				}
			})
		})
	}
}

func TestSecondAuthenticationIsRefused(t *testing.T) { // AU-11, T-A35: [MQTT-4.12.1-2]
	a := &echoAuth{}
	s, dialed := dialAuth(t, a)
	s.server.Send("20 07 0000 04 1500014D")
	s.mustWait(dialed)
	s.expectEvent("connect")
	again := async(func() error { return s.Reauthenticate(s.ctx) })
	s.server.Expect("F0 0A 19 08 1500014D 16000173")
	s.server.Send("F0 06 00 04 1500014D") // success is no refusal
	s.mustWait(again)
	again = async(func() error { return s.Reauthenticate(s.ctx) })
	s.server.Expect("F0 0A 19 08 1500014D 16000173")
	s.server.Send("E0 01 87")
	s.server.ExpectClosed()
	s.server.Close()
	var left *mqtt.DisconnectError
	if err := s.wait(again); !errors.As(err, &left) || left.Code != 0x87 {
		t.Errorf("got %v", err)
	}
	s.expectEvent("close: ")
	s.expectEvent("disconnect: ")
	s.finish()
}

func TestSilentAuthentication(t *testing.T) { // AU-12: one time-out over all of it
	synctest.Test(t, func(t *testing.T) {
		s, dialed := startPipe(t, both(v5, func(cfg *mqtt.Config) { cfg.Auth = &echoAuth{} }))
		s.server.Packet()
		s.server.Send("F0 06 18 04 1500014D")
		s.server.Packet()
		since := elapsed()
		s.server.ExpectClosed()
		if err := <-dialed; !errors.Is(err, errDeadline) || since() != mqtt.DefaultConnectTimeout {
			t.Errorf("after %v: %v", since(), err)
		}
	})
}
