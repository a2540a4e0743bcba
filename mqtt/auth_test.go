package mqtt_test

import (
	"context"
	"errors"
	"strings"
	"testing"

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

func TestEnhancedAuthentication(t *testing.T) { // AU-01, AU-02, AU-10, T-A35
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

func TestAuthenticationFaults(t *testing.T) { // AU-04, AU-06, AU-08
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

func TestAuthenticatorGivesUp(t *testing.T) { // AU-03
	own := errors.New("I do not know you")
	s, dialed := dialAuth(t, &echoAuth{fail: own})
	s.server.Send("F0 06 18 04 1500014D")
	s.server.ExpectClosed()
	if err := s.wait(dialed); !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
}

func TestAuthWithoutAuthenticator(t *testing.T) { // AU-05, T-A26
	s := dialV5(t, "", nil)
	if err := s.Reauthenticate(s.ctx); !errors.Is(err, mqtt.ErrNoAuthenticator) {
		t.Errorf("got %v", err)
	}
	s.server.Send("F0 06 18 04 1500014D")
	s.server.Expect("E0 01 82")
	s.server.Close()
	s.expectEvent("disconnect: the server broke the protocol: AUTH")
}
