package mqtt_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// echoAuth answers a challenge by itself in capitals.
type echoAuth struct {
	started  int
	finished string
	fail     error
}

func (a *echoAuth) Method() string { return "M" }

func (a *echoAuth) Start(context.Context) ([]byte, error) {
	a.started++
	return []byte("s"), nil
}

func (a *echoAuth) Continue(_ context.Context, data []byte) ([]byte, error) {
	if a.fail != nil {
		return nil, a.fail
	}
	return []byte(strings.ToUpper(string(data))), nil
}

func (a *echoAuth) Finish(_ context.Context, data []byte) error {
	a.finished = string(data)
	if a.finished == "wrong" {
		return errors.New("the server's proof is wrong")
	}
	return nil
}

// dialAuth begins to connect with a, and expects the CONNECT.
func dialAuth(t *testing.T, a mqtt.Authenticator) (s *scripted, dialed chan error) {
	t.Helper()
	s = &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	server := mqtttest.NewServer(t)
	dialed = async(func() (err error) {
		s.Client, err = mqtt.Dial(s.ctx, server.URL(), s.watch(mqtt.Config{ClientID: "c", Version: mqtt.V5, Auth: a}))
		return err
	})
	s.server = server.Accept()
	s.server.Expect("10 1E 00044D5154540502003C 10 2701000000 220020 1500014D 16000173 000163")
	return s, dialed
}

// TestAuthenticationAndItsRenewal shows AU-01: challenge and response [MQTT-4.12.0-3]; AU-02:
// several rounds of authentication; AU-10: authentication again [MQTT-4.12.1-1]. It keeps out
// T-A35: success of a second authentication is taken for a refusal.
func TestAuthenticationAndItsRenewal(t *testing.T) {
	a := &echoAuth{}
	s, dialed := dialAuth(t, a)
	s.server.Send("F0 0A 18 08 1500014D 160001 61")
	s.server.Expect("F0 0A 18 08 1500014D 160001 41")
	s.server.Send("F0 0A 18 08 1500014D 160001 62")
	s.server.Expect("F0 0A 18 08 1500014D 160001 42")
	s.server.Send("20 0B 0000 08 1500014D 16000166")
	s.mustWait(dialed)
	if a.finished != "f" {
		t.Errorf("the server's last data is %q", a.finished)
	}
	s.expectEvent("connect")

	again := async(func() error { return s.Reauthenticate(s.ctx) })
	s.server.Expect("F0 0A 19 08 1500014D 160001 73")
	s.server.Send("30 04 0001 74 00") // messages flow meanwhile
	s.expectEvent("message t=")
	s.server.Send("F0 0A 18 08 1500014D 160001 63")
	s.server.Expect("F0 0A 18 08 1500014D 160001 43")
	s.server.Send("F0 0A 00 08 1500014D 160001 67")
	s.mustWait(again)
	if a.finished != "g" || a.started != 2 {
		t.Errorf("finished %q, started %d times", a.finished, a.started)
	}
	closed := async(func() error { return s.Close(s.ctx) })
	s.server.Expect("E0 00")
	s.server.Close()
	s.mustWait(closed)
}

// TestAuthenticationThatFailsEndsConnecting shows AU-04: authentication refused by the server;
// AU-06: AUTH or CONNACK with another method [MQTT-4.12.0-5]; AU-08: wrong reason code of AUTH.
func TestAuthenticationThatFailsEndsConnecting(t *testing.T) {
	for name, test := range map[string]struct{ send, reply, want string }{
		"refused":        {"20 03 00 87 00", "", "Not authorized"},
		"other method":   {"F0 0A 18 08 1500014E 160001 61", "E0 01 82", "another authentication method"},
		"other, CONNACK": {"20 07 0000 04 1500014E", "E0 01 82", "another authentication method"},
		"success early":  {"F0 06 00 04 1500014D", "E0 01 82", "not for this moment"},
		"two challenges": {"F0 06 18 04 1500014D F0 06 18 04 1500014D F0 06 18 04 1500014D", "E0 01 82", "before the last one"},
		"wrong proof":    {"20 0F 0000 0C 1500014D 16 0005 77726F6E67", "E0 01 87", "proof is wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &echoAuth{}
			s, dialed := dialAuth(t, a)
			s.server.Send(test.send)
			for test.reply != "" {
				if got := s.server.Packet(); got[0] == 0xE0 {
					if want, _ := mqtttest.ParseHex(test.reply); string(got) != string(want) {
						t.Errorf("the client said % X, want %s", got, test.reply)
					}
					break
				}
			}
			s.server.Close()
			if err := s.wait(dialed); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestAuthenticatorThatGivesUpEndsConnecting shows AU-03: application gives up authentication.
func TestAuthenticatorThatGivesUpEndsConnecting(t *testing.T) {
	own := errors.New("I do not know you")
	s, dialed := dialAuth(t, &echoAuth{fail: own})
	s.server.Send("F0 06 18 04 1500014D")
	s.server.ExpectClosed()
	if err := s.wait(dialed); !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
}

// TestAuthPacketWithoutAnAuthenticatorIsRefused shows AU-05: AUTH though none was asked for
// [MQTT-4.12.0-7]. It keeps out T-A26: an unexpected authentication method crashes the client.
func TestAuthPacketWithoutAnAuthenticatorIsRefused(t *testing.T) {
	s := dialV5(t, "", nil)
	if err := s.Reauthenticate(s.ctx); !errors.Is(err, mqtt.ErrNoAuthenticator) {
		t.Errorf("got %v", err)
	}
	s.server.Send("F0 06 18 04 1500014D")
	s.server.Expect("E0 01 82")
	s.server.Close()
	s.expectEvent("disconnect: the server broke the protocol: AUTH")
}

// TestFaultyAuthPacketsAreRefusedWhileConnecting shows AU-05: AUTH though none was asked for
// [MQTT-4.12.0-7]; AU-06: AUTH or CONNACK with another method [MQTT-4.12.0-5]; AU-08: wrong reason
// code of AUTH; AU-09: bad AUTH [MQTT-3.15.2-1]; MF-32: bad AUTH [MQTT-3.15.1-1].
func TestFaultyAuthPacketsAreRefusedWhileConnecting(t *testing.T) {
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

// TestConnAckWithoutMethodIsTolerated shows AU-07: CONNACK without method [MQTT-4.12.0-5].
func TestConnAckWithoutMethodIsTolerated(t *testing.T) {
	s, dialed := dialAuth(t, &echoAuth{})
	s.server.Send("20 03 000000")
	s.mustWait(dialed)
	s.expectEvent("connect")
	s.closeWell()
}

// TestAuthBeforeConnAckIsRefusedWithoutAMethod shows AU-05: AUTH though none was asked for; CA-45:
// authentication method though none was asked for [MQTT-4.12.0-7]. It keeps out T-A26: an
// unexpected authentication method crashes the client.
func TestAuthBeforeConnAckIsRefusedWithoutAMethod(t *testing.T) {
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

// TestSecondAuthenticationIsRefused shows AU-11: authentication again that fails [MQTT-4.12.1-2].
// It keeps out T-A35: success of a second authentication is taken for a refusal.
func TestSecondAuthenticationIsRefused(t *testing.T) {
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

// TestAuthenticationWithoutAnAnswerTimesOut: one time-out bounds connecting and authentication
// together. It shows AU-12: authentication that the server does not answer.
func TestAuthenticationWithoutAnAnswerTimesOut(t *testing.T) {
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

// fixedAuth is an authentication that says what cannot be sent.
type fixedAuth struct{ method, data, answer string }

func (w fixedAuth) Method() string                                   { return w.method }
func (w fixedAuth) Start(context.Context) ([]byte, error)            { return []byte(w.data), nil }
func (w fixedAuth) Continue(context.Context, []byte) ([]byte, error) { return []byte(w.answer), nil }
func (w fixedAuth) Finish(context.Context, []byte) error             { return nil }

// TestAuthenticationThatCannotBeSentIsRefused shows CN-20: identifier or user name that is no text
// [MQTT-3.1.3-11] of 3.1.1; CN-22: values that would be protocol errors.
func TestAuthenticationThatCannotBeSentIsRefused(t *testing.T) {
	for name, auth := range map[string]fixedAuth{
		"method with NUL": {"a\x00", "", ""},
		"method too long": {strings.Repeat("x", 65536), "", ""},
		"data too long":   {"m", strings.Repeat("x", 65536), ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, dialed := startPipe(t, both(v5, func(cfg *mqtt.Config) { cfg.Auth = auth }))
			s.server.ExpectClosed()
			if err := <-dialed; !errors.Is(err, mqtt.ErrNotSent) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 300 {
				t.Errorf("%.300v", err)
			}
		})
	}
}

// TestAuthenticationAnswerThatCannotBeSentEndsIt: the answer to a challenge is longer than a string
// may be, or than the server's limit. It shows AU-03: application gives up authentication; CA-41:
// Maximum Packet Size of the server [MQTT-3.2.2-15].
func TestAuthenticationAnswerThatCannotBeSentEndsIt(t *testing.T) {
	tooLong := fixedAuth{"M", "", strings.Repeat("x", 65536)}
	s, dialed := startPipe(t, both(v5, func(cfg *mqtt.Config) { cfg.Auth = tooLong }))
	s.server.Packet()
	s.server.Send("F0 06 18 04 1500014D")
	s.server.ExpectClosed()
	if err := <-dialed; !errors.Is(err, mqtt.ErrNotSent) {
		t.Errorf("%.300v", err)
	}
	s, dialed = dialAuth(t, &echoAuth{})
	s.server.Send("20 0C 0000 09 1500014D 2700000040")
	s.mustWait(dialed)
	again := async(func() error { return s.Reauthenticate(s.ctx) })
	s.server.Packet()
	s.server.SendBytes(frame(0xF0, append([]byte{0x18, 107, 0x15, 0, 1, 'M', 0x16, 0, 100}, strings.Repeat("x", 100)...)))
	s.server.Expect("E0 01 87")
	s.server.Close()
	if err := s.wait(again); !errors.Is(err, mqtt.ErrNotSent) {
		t.Errorf("%.300v", err)
	}
}
