package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// levelOf returns the version that a CONNECT names.
func levelOf(connect []byte) mqtt.Version {
	_, body, _ := bytes.Cut(connect, []byte("MQTT"))
	return mqtt.Version(body[0])
}

// newAuto is newLasting for a client that leaves the version open.
func newAuto(t *testing.T, change func(*mqtt.Config)) *lasting {
	return newLasting(t, mqtt.VersionAuto, change)
}

// meets has the next CONNECT name that version, and the server answer it: "" closes the connection,
// "absent" and "present" accept with the session so, and other bytes are sent before it closes.
func (s *lasting) meets(want mqtt.Version, answer string) (connect []byte) {
	s.t.Helper()
	s.server = s.net.accept()
	s.t.Cleanup(s.server.Close)
	connect = s.server.Packet()
	if got := levelOf(connect); got != want {
		s.t.Fatalf("CONNECT of MQTT %v, want %v", got, want)
	}
	if answer == "absent" || answer == "present" {
		s.five = want == mqtt.V5
		s.server.Send(s.connAck(answer))
		synctest.Wait()
		return connect
	}
	if answer != "" {
		s.server.Send(answer)
	}
	s.drop()
	return connect
}

// olderServers are what servers that do not speak MQTT 5 answer.
var olderServers = map[string]string{
	"closes without a word, as RabbitMQ 3.10":   "",
	"refuses in 3.1.1 form, as NATS and aedes":  "20 02 0001",
	"refuses in 3.1.1 form, with the code of 5": "20 02 0084",
	"refuses in the form of 5":                  "20 03 008400",
}

func TestVersionAutoComesToWhatAnOlderServerSpeaks(t *testing.T) {
	for name, answer := range olderServers {
		for _, reconnects := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newAuto(t, nil)
					if !reconnects {
						s.cfg.Reconnect = nil
					}
					dialed := s.start()
					s.meets(mqtt.V5, answer)
					s.meets(mqtt.V311, "absent")
					s.mustWait(dialed)
					if got := s.ConnAck().Version; got != mqtt.V311 {
						t.Errorf("speaks %v", got)
					}
					if !reconnects {
						return
					}
					s.drop()
					if answer == "" { // a closed connection tells it only when it comes again
						s.meets(mqtt.V5, "")
						s.meets(mqtt.V311, "absent")
						s.drop()
					}
					s.meets(mqtt.V311, "") // remembered, and a closed connection changes nothing
					s.meets(mqtt.V311, "absent")
					checkError(t, s.publishWith(&mqtt.Properties{ContentType: "x"}), mqtt.ErrNotSent)
				})
			})
		}
	}
}

// publishWith publishes with properties and does not wait.
func (s *lasting) publishWith(p *mqtt.Properties) error {
	return errorOf(s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("a"), QoS: 1, Properties: p}, nil))
}

// TestVersionAutoStaysWithMQTT5: a server that closes connections while it is being maintained is
// never spoken to in another version, once it has spoken 5.
func TestVersionAutoStaysWithMQTT5(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAuto(t, func(cfg *mqtt.Config) { cfg.Reconnect.Background = true })
		must(t, <-s.start())
		s.meets(mqtt.V5, "20 03 008800") // Server unavailable, said in MQTT 5
		s.meets(mqtt.V5, "")
		s.meets(mqtt.V5, "absent")
		if got := s.ConnAck().Version; got != mqtt.V5 {
			t.Errorf("speaks %v", got)
		}
		must(t, s.publishWith(&mqtt.Properties{ContentType: "x"}))
		s.server.Packet()
		s.drop()
		for range 5 {
			s.meets(mqtt.V5, "")
		}
		s.meets(mqtt.V5, "absent")
	})
}

// TestVersionAutoRemembersOnlyWhatWasAccepted: a server that is down altogether is asked for MQTT 5
// first when it is back.
func TestVersionAutoRemembersOnlyWhatWasAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan mqtt.Retry, 10)
		s := newAuto(t, both(retries(told), func(cfg *mqtt.Config) { cfg.Reconnect.Background = true }))
		must(t, <-s.start())
		for range 3 {
			s.meets(mqtt.V5, "")
			s.meets(mqtt.V311, "")
			var unanswered *mqtt.NoConnAckError
			if err := (<-told).Err; !errors.As(err, &unanswered) || unanswered.Version != mqtt.VersionAuto {
				t.Errorf("got %v", err)
			}
		}
		s.meets(mqtt.V5, "absent")
	})
}

// TestVersionAutoIsNotMisledByARestart: a server of MQTT 5 that closes a connection while it starts, and takes
// the next one, is spoken to in MQTT 5 from the second connection on, also about a session that was begun in 3.1.1.
func TestVersionAutoIsNotMisledByARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAuto(t, nil)
		dialed := s.start()
		s.meets(mqtt.V5, "")
		s.meets(mqtt.V311, "absent")
		s.mustWait(dialed)
		must(t, errorOf(s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("a"), QoS: 1}, nil)))
		s.server.Expect(hexOf(publishBytes(false, 0x32, "t", 1, "a")))
		s.drop()
		s.meets(mqtt.V5, "") // it is down
		s.meets(mqtt.V311, "")
		s.meets(mqtt.V5, "present")
		s.server.Expect(hexOf(publishBytes(true, 0x3A, "t", 1, "a")))
		if got := s.ConnAck().Version; got != mqtt.V5 {
			t.Errorf("speaks %v", got)
		}
		s.drop()
		s.meets(mqtt.V5, "")
		s.meets(mqtt.V5, "present")
	})
}

// TestVersionAutoHeedsAServerThatChanges: one that refuses the version which it once accepted has
// the last word, also where it has spoken 5.
func TestVersionAutoHeedsAServerThatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAuto(t, nil)
		dialed := s.start()
		s.meets(mqtt.V5, "absent")
		s.mustWait(dialed)
		s.drop()
		s.meets(mqtt.V5, "20 02 0001")
		s.meets(mqtt.V311, "absent")
		s.drop()
		s.meets(mqtt.V311, "20 03 008400")
		s.meets(mqtt.V5, "absent")
		s.drop()
		s.meets(mqtt.V5, "20 02 0001")
		s.meets(mqtt.V311, "") // nothing is known of it any more
		s.meets(mqtt.V5, "")
		s.meets(mqtt.V311, "absent")
	})
}

// TestVersionAutoDoesNotTakeOtherFailuresForTheVersion: they are told at once, and cost no second connection.
func TestVersionAutoDoesNotTakeOtherFailuresForTheVersion(t *testing.T) {
	for name, answer := range map[string]string{
		"wrong password":        "20 03 008600",
		"not authorized":        "20 03 008700",
		"malformed":             "20 01 00",
		"TLS":                   "15 0303 0002 0246",
		"HTTP":                  "485454502F312E3120343030",
		"silence, to the limit": "silence",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newAuto(t, func(cfg *mqtt.Config) { cfg.Reconnect = nil })
				dialed := s.start()
				if answer == "silence" {
					s.net.accept().Packet()
				} else {
					s.server = s.net.accept()
					s.server.Packet()
					s.server.Send(answer)
				}
				if err := <-dialed; err == nil {
					t.Error("connected")
				}
				if n := len(s.net.all()); n != 1 {
					t.Errorf("%d connections", n)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := newAuto(t, nil)
		s.net.refuses(nobody)
		if err := <-s.start(); err == nil || len(s.net.all()) != 1 {
			t.Errorf("%v after %q", err, s.net.all())
		}
	})
}

func TestVersionAutoRemembersEachServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAuto(t, func(cfg *mqtt.Config) { cfg.Reconnect.Servers = []string{"mqtt://two"} })
		dialed := s.start()
		s.meets(mqtt.V5, "absent")
		s.mustWait(dialed)
		s.drop()
		s.meets(mqtt.V5, "20 02 0001") // two
		s.meets(mqtt.V311, "absent")
		for range 2 {
			s.drop()
			s.meets(mqtt.V5, "absent")
			s.drop()
			s.meets(mqtt.V311, "absent")
		}
	})
}

func TestVersionAutoRefusesWhatOneVersionCannotDo(t *testing.T) {
	for want, cfg := range map[string]mqtt.Config{
		"Will.Delay: 1s needs MQTT 5; VersionAuto may come to MQTT 3.1.1":                                                            {Will: &mqtt.Will{Message: mqtt.Message{Topic: "w"}, Delay: time.Second}},
		"Will.Properties: a property needs MQTT 5; VersionAuto may come to MQTT 3.1.1":                                               {Will: &mqtt.Will{Message: mqtt.Message{Topic: "w", Properties: &mqtt.Properties{}}}},
		"Properties: a property needs MQTT 5; VersionAuto may come to MQTT 3.1.1":                                                    {Properties: mqtt.ConnectProperties{RequestResponseInformation: true}},
		"Auth: enhanced authentication needs MQTT 5; VersionAuto may come to MQTT 3.1.1":                                             {Auth: secretAuth{}},
		"Properties.SessionExpiry: 1h0m0s needs KeepSession with VersionAuto, because MQTT 3.1.1 keeps no session that begins clean": {Properties: mqtt.ConnectProperties{SessionExpiry: time.Hour}},
		"ClientID: is empty, and MQTT 3.1.1 keeps a session under a name only; VersionAuto may come to MQTT 3.1.1":                   {KeepSession: true},
	} {
		cfg.Version = mqtt.VersionAuto
		if err := cfg.Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := (&mqtt.Config{Version: mqtt.VersionAuto}).Validate(); err != nil {
		t.Error(err)
	}
	s := dialScripted(t, nil)
	defer s.closeWell()
	if err := s.Connect(s.ctx, mqtt.Config{Version: mqtt.VersionAuto}); !wrongArgument(err) {
		t.Errorf("Connect: %v", err)
	}
	rich := mqtt.Message{Topic: "t", Properties: &mqtt.Properties{}}
	if err := rich.Validate(mqtt.VersionAuto); !wrongArgument(err) {
		t.Errorf("Message: %v", err)
	}
	if err := (&mqtt.Subscription{Filter: "f", NoLocal: true}).Validate(mqtt.VersionAuto); !wrongArgument(err) {
		t.Errorf("Subscription: %v", err)
	}
}

// TestVersionAutoMasksCredentialsInEachVersion: OnPacket reads each CONNECT by its own version.
func TestVersionAutoMasksCredentialsInEachVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var versions []mqtt.Version
		s := newAuto(t, func(cfg *mqtt.Config) {
			cfg.Username, cfg.Password = "ann", mqtt.Secret("s3cret")
			cfg.OnPacket = func(p mqtt.TracedPacket) {
				if p.Type() != "CONNECT" {
					return
				}
				versions = append(versions, p.Version)
				if strings.Contains(string(p.Bytes), "s3cret") || !strings.Contains(string(p.Bytes), "******") {
					t.Errorf("%v: % X", p.Version, p.Bytes)
				}
			}
		})
		dialed := s.start()
		s.meets(mqtt.V5, "20 02 0001")
		s.meets(mqtt.V311, "absent")
		s.mustWait(dialed)
		if len(versions) != 2 || versions[0] != mqtt.V5 || versions[1] != mqtt.V311 {
			t.Errorf("versions %v", versions)
		}
	})
}

// TestVersionAutoWithinOneTimeLimit: all attempts of a Dial have one ConnectTimeout.
func TestVersionAutoWithinOneTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAuto(t, func(cfg *mqtt.Config) {
			cfg.Reconnect, cfg.Transport.ConnectTimeout = nil, 10*time.Second
		})
		s.ctx = context.Background()
		passed := elapsed()
		dialed := s.start()
		s.server = s.net.accept()
		s.server.Packet()
		s.server.ExpectNothing(6 * time.Second)
		s.server.Send("20 02 0001")
		s.server.Close()
		s.net.accept().Packet()
		checkError(t, <-dialed, context.DeadlineExceeded)
		if d := passed(); d != 10*time.Second {
			t.Errorf("after %v", d)
		}
	})
}
