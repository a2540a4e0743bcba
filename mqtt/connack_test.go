package mqtt_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestRefusalsOfConnectAreTyped shows CA-02: CONNECT refused for the protocol version; CA-03:
// CONNECT refused for the identifier; CA-04: CONNECT refused: server unavailable; CA-05: CONNECT
// refused for user name or password; CA-06: CONNECT refused: not authorized; CA-08: every reason
// code that refuses CONNECT [MQTT-4.13.2-1]; CA-10: CONNECT refused though a session is present;
// CA-36: CONNACK names another server. It keeps out peer 4.30: a refused login is told as a
// time-out.
func TestRefusalsOfConnectAreTyped(t *testing.T) {
	for _, test := range []struct {
		name, send, want string
		version          mqtt.Version
		code             mqtt.ReasonCode
	}{
		{"version", "20 02 0001", "unacceptable protocol version", 4, 1},
		{"identifier", "20 02 0002", "identifier rejected", 4, 2},
		{"unavailable", "20 02 0003", "unavailable", 4, 3},
		{"password", "20 02 0004", "bad user name or password", 4, 4},
		{"authorized", "20 02 0005", "not authorized", 4, 5},
		{"refused with session present", "20 02 0105", "not authorized", 4, 5},
		{"v5 reason string", "20 08 0087 05 1F0002 6E6F", `"no"`, 5, 0x87},
		{"v5 other server", "20 0C 009C091C0006623A31383833", "b:1883", 5, 0x9C},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			ctx := ctxFor(t)
			dialed := async(func() error {
				_, err := mqtt.Dial(ctx, server.URL(), mqtt.Config{ClientID: "c", Version: test.version})
				return err
			})
			conn := server.Accept()
			conn.Packet()
			conn.Send(test.send)
			conn.ExpectClosed()
			err := <-dialed
			var refused *mqtt.ConnectError
			if !errors.As(err, &refused) || refused.Code != test.code || !errors.Is(err, mqtt.ErrRejected) {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q does not contain %q", err, test.want)
			}
		})
	}
}

// TestFaultyAnswersToConnect shows CA-07: reserved return codes of CONNACK; CA-11: reserved
// acknowledge flags of CONNACK [MQTT-4.8.0-1]; CA-12: session present after a clean start
// [MQTT-3.1.2-6] of 3.1.1; CA-16: end of the connection in place of CONNACK; CA-18: other packet in
// place of CONNACK; CA-21: CONNACK of a wrong length, 3.1.1; MF-04: announced length costs no
// memory; MF-25: something that is not MQTT.
func TestFaultyAnswersToConnect(t *testing.T) {
	for _, test := range []struct {
		name, send, reply string
		version           mqtt.Version
	}{
		{"closed", "", "", 4},
		{"publish first", "30 03 000174", "", 4},
		{"publish first, v5", "30 04 00017400", "E0 01 82", 5},
		{"session present", "20 02 0100", "", 4},
		{"session present, v5", "20 03 010000", "E0 01 82", 5},
		{"reserved flags", "20 02 0200", "", 4},
		{"reserved flags, v5", "20 03 020000", "E0 01 81", 5},
		{"reserved code", "20 02 00FF", "", 4},
		{"short", "20 01 00", "", 4},
		{"long", "20 03 000000", "", 4},
		{"not MQTT", "48 54 54 50", "", 4},
		{"too large", "20 FFFFFF7F", "", 4},
		{"too large, v5", "20 FFFFFF7F", "E0 01 95", 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			ctx := ctxFor(t)
			dialed := async(func() error {
				_, err := mqtt.Dial(ctx, server.URL(), mqtt.Config{ClientID: "c", Version: test.version})
				return err
			})
			conn := server.Accept()
			conn.Packet()
			if test.send == "" {
				conn.Close()
			} else {
				conn.Send(test.send)
				conn.Expect(test.reply)
				conn.ExpectClosed()
				conn.Close()
			}
			err := <-dialed
			var refused *mqtt.ConnectError
			if err == nil || errors.As(err, &refused) {
				t.Fatalf("got %v", err)
			}
			if !strings.HasPrefix(err.Error(), "connect mqtt://127.0.0.1:") {
				t.Errorf("%q does not say what failed", err)
			}
		})
	}
}

// TestConnAckIsReadInPieces shows CA-01: accepted by CONNACK; CA-44: CONNACK byte by byte; FR-01:
// one byte at a time [MQTT-6.0.0-2].
func TestConnAckIsReadInPieces(t *testing.T) {
	for _, mode := range []mqtttest.WriteMode{mqtttest.Whole, mqtttest.Bytewise} {
		for version, answer := range map[mqtt.Version]string{mqtt.V31: "20 02 0000", mqtt.V311: "20 02 0000", mqtt.V5: "20 03 000000"} {
			s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 10)}
			server := mqtttest.NewServer(t)
			dialed := async(func() (err error) {
				s.Client, err = mqtt.Dial(s.ctx, server.URL(), s.watch(mqtt.Config{ClientID: "c", Version: version}))
				return err
			})
			s.server = server.Accept()
			s.server.Packet()
			s.server.SetWriteMode(mode)
			s.server.Send(answer)
			s.mustWait(dialed)
			s.expectEvent("connect")
			if s.ConnAck().SessionPresent || !s.IsConnected() {
				t.Errorf("%+v", s.ConnAck())
			}
			s.closeWell()
		}
	}
}

// TestServerThatAnswersInTheFormOfItsOwnVersion: it refuses the version and breaks no protocol. It
// shows CA-20: CONNACK of a server that is older. It keeps out T-A37: the CONNACK of an older server
// is taken for malformed.
func TestServerThatAnswersInTheFormOfItsOwnVersion(t *testing.T) {
	for _, test := range []struct {
		version mqtt.Version
		send    string
		code    mqtt.ReasonCode
	}{
		{mqtt.V5, "20 02 0001", 0x84},
		{mqtt.V5, "20 02 0084", 0x84},
		{mqtt.V311, "20 03 008400", 1},
		{mqtt.V31, "20 08 0084 05 1F0002 6E6F", 1},
	} {
		server := mqtttest.NewServer(t)
		dialed := async(func() error {
			_, err := mqtt.Dial(ctxFor(t), server.URL(), mqtt.Config{ClientID: "c", Version: test.version})
			return err
		})
		conn := server.Accept()
		conn.Packet()
		conn.Send(test.send)
		conn.ExpectClosed()
		err := <-dialed
		var refused *mqtt.ConnectError
		if !errors.As(err, &refused) || refused.Code != test.code || !mqtt.IsPermanent(err) {
			t.Errorf("%v, %s: %v", test.version, test.send, err)
		} else if want := "the server does not speak MQTT " + test.version.String(); !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

// TestFaultyConnAcksOfMQTT5 shows CA-17: second CONNACK; CA-22: CONNACK of a wrong length, 5; CA-26:
// forbidden values in CONNACK; CA-27: property twice in CONNACK; CA-43: CONNACK above our own packet
// limit. It keeps out T-A33: a second CONNACK is processed.
func TestFaultyConnAcksOfMQTT5(t *testing.T) {
	for name, test := range map[string]struct {
		send, want string
		codes      string // of our DISCONNECT
	}{
		"short":           {"20 01 00", "", "81"},
		"long":            {"20 04 00000000", "", "81"},
		"above our limit": {"20 1A 0000 17 1F0014" + strings.Repeat("78", 20), "", "95"},
		"Receive Maximum": {"20 06 000003 210000", "", "82"},
		"twice":           {"20 09 000006 210005 210005", "", "82"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			dialed := async(func() error {
				_, err := mqtt.Dial(ctxFor(t), server.URL(), mqtt.Config{ClientID: "c", Version: mqtt.V5, Transport: mqtt.Transport{MaxPacket: 20}})
				return err
			})
			conn := server.Accept()
			conn.Packet()
			conn.Send(test.send)
			conn.Expect("E0 01", test.codes)
			conn.Close()
			if err := <-dialed; err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v", err)
			}
		})
	}
	eachVersion(t, nil, func(s *scripted, five bool) {
		if five {
			s.server.Send("20 03 000000")
		} else {
			s.server.Send("20 02 0000")
		}
		s.expectRefusal(five, 0x82)
	})
}

// TestWillThatTheServerRefuses shows WL-06: will refused by the server.
func TestWillThatTheServerRefuses(t *testing.T) {
	for _, code := range []byte{0x90, 0x99, 0x9A, 0x9B} {
		server := mqtttest.NewServer(t)
		ctx := ctxFor(t)
		dialed := async(func() error {
			_, err := mqtt.Dial(ctx, server.URL(), mqtt.Config{ClientID: "c", Version: mqtt.V5, Will: &mqtt.Will{Message: mqtt.Message{Topic: "w", QoS: 1, Retain: true}}})
			return err
		})
		conn := server.Accept()
		conn.Packet()
		conn.SendBytes([]byte{0x20, 3, 0, code, 0})
		conn.ExpectClosed()
		var refused *mqtt.ConnectError
		if err := <-dialed; !errors.As(err, &refused) || byte(refused.Code) != code {
			t.Errorf("%#x: %v", code, err)
		}
	}
}

// TestSessionExpiryOfTheServerReplacesOurs: it takes the place of the one in CONNECT. It shows
// CA-34: session expiry in place of our own.
func TestSessionExpiryOfTheServerReplacesOurs(t *testing.T) {
	for properties, want := range map[string]time.Duration{"": time.Hour, "1100000000": 0, "1100000005": 5 * time.Second, "11FFFFFFFF": mqtt.NeverExpires} {
		s := dialV5(t, properties, func(cfg *mqtt.Config) { cfg.Properties.SessionExpiry = time.Hour })
		if got := s.ConnAck().SessionExpiry; got != want {
			t.Errorf("%s: %v", properties, got)
		}
	}
}

// TestConnAckIsShown shows CA-24: every property of CONNACK; CA-33: server keep alive in place of
// our own [MQTT-3.2.2-21]; CA-34: session expiry in place of our own; CA-35: reason string and user
// properties of CONNACK; CA-37: response information.
func TestConnAckIsShown(t *testing.T) {
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	s.dial(s.watch(mqtt.Config{Version: mqtt.V5, KeepSession: true}),
		strings.Replace(connAckV5(t, "1100000010 120003 696431 13001E 1F0002 6F6B 210005 220006 2401 2500 26 00016B 000176 2700001000 2800 2900 2A00 1A0002 7269 26 00016B 000177"), " 0000 ", " 0100 ", 1))
	a := s.ConnAck()
	want := mqtt.ConnAck{
		SessionPresent: true, ClientID: "id1", KeepAlive: 30 * time.Second, SessionExpiry: 16 * time.Second,
		ReceiveMaximum: 5, MaximumPacketSize: 4096, MaximumQoS: 1, TopicAliasMaximum: 6, ResponseInformation: "ri", ReasonString: "ok",
	}
	if len(a.UserProperties) != 2 || a.UserProperties[1] != (mqtt.UserProperty{Name: "k", Value: "w"}) {
		t.Errorf("user properties %v", a.UserProperties)
	}
	a.UserProperties = nil
	if !equalConnAck(a, want) {
		t.Errorf("got %+v, want %+v", a, want)
	}
	old := dialScripted(t, nil).ConnAck()
	if old.ReceiveMaximum != 65535 || old.MaximumQoS != 2 || !old.RetainAvailable || old.SubscriptionIdentifiers || old.ClientID != "c" || old.KeepAlive != time.Minute {
		t.Errorf("3.1.1: %+v", old)
	}
}

func equalConnAck(a, b mqtt.ConnAck) bool {
	return a.SessionPresent == b.SessionPresent && a.ClientID == b.ClientID && a.KeepAlive == b.KeepAlive &&
		a.SessionExpiry == b.SessionExpiry && a.ReceiveMaximum == b.ReceiveMaximum && a.MaximumPacketSize == b.MaximumPacketSize &&
		a.MaximumQoS == b.MaximumQoS && a.TopicAliasMaximum == b.TopicAliasMaximum && a.RetainAvailable == b.RetainAvailable &&
		a.WildcardSubscriptions == b.WildcardSubscriptions && a.SharedSubscriptions == b.SharedSubscriptions &&
		a.SubscriptionIdentifiers == b.SubscriptionIdentifiers && a.ResponseInformation == b.ResponseInformation && a.ReasonString == b.ReasonString
}

// A 32-bit build takes the largest numbers of the protocol, too.
func TestLargestMaximumPacketSizeIsTaken(t *testing.T) {
	s := dialV5(t, "27 FFFFFFFF", nil)
	if got, most := s.ConnAck().MaximumPacketSize, 268_435_455+5; got != most {
		t.Errorf("a server that takes 2^32-1 bytes is said to take %d, want %d, the largest packet there is", got, most)
	}
	published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t"}) })
	s.server.Expect("30 04 000174 00")
	s.mustWait(published)
}

// TestAssignedClientIdentifierIsUsed shows CA-30: assigned client identifier [MQTT-3.1.3-2]; CA-31:
// no client identifier assigned though needed; CA-32: client identifier assigned though not needed.
func TestAssignedClientIdentifierIsUsed(t *testing.T) {
	for _, test := range []struct {
		id, properties string
		accepted       bool
	}{
		{"", "12 0001 70", true},
		{"", "", false},
		{"c", "12 0001 70", false},
		{"c", "", true},
	} {
		server := mqtttest.NewServer(t)
		ctx := ctxFor(t)
		var c *mqtt.Client
		dialed := async(func() (err error) {
			c, err = mqtt.Dial(ctx, server.URL(), mqtt.Config{ClientID: test.id, Version: mqtt.V5})
			return err
		})
		conn := server.Accept()
		conn.Packet()
		conn.Send(connAckV5(t, test.properties))
		if !test.accepted {
			conn.Expect("E0 01 82")
		}
		conn.Close()
		if err := <-dialed; test.accepted != (err == nil) {
			t.Errorf("%+v: %v", test, err)
		}
		if c != nil {
			if id := c.ConnAck().ClientID; id != "p" && id != "c" {
				t.Errorf("identifier %q", id)
			}
			_ = c.Close(ctx) // the server has gone
		}
	}
}

// TestMessagesInOneSegmentWithConnAck shows CA-19: messages in one segment with CONNACK
// [MQTT-4.4.0-1] of 5; FR-03: many packets at once.
func TestMessagesInOneSegmentWithConnAck(t *testing.T) {
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	server := mqtttest.NewServer(t)
	dialed := async(func() (err error) {
		cfg := s.watch(mqtt.Config{ClientID: "c", KeepSession: true})
		s.Client, err = mqtt.Dial(s.ctx, server.URL(), cfg)
		return err
	})
	s.server = server.Accept()
	s.server.Packet()
	s.server.Send("20 02 0100", "32 06 000174000131", "32 06 000174000232")
	s.mustWait(dialed)
	s.expectEvent("connect")
	s.expectEvent("message t=1")
	s.expectEvent("message t=2")
	s.server.Expect("40 02 0001", "40 02 0002")
	if !s.ConnAck().SessionPresent {
		t.Error("session not present")
	}
	s.closeWell()
}

// TestRefusedLoginIsToldAtOnce shows CA-05: CONNECT refused for user name or password; CA-08: every
// reason code that refuses CONNECT [MQTT-4.13.2-1]. It keeps out peer 4.30: a refused login is told
// as a time-out.
func TestRefusedLoginIsToldAtOnce(t *testing.T) {
	for version, packet := range map[mqtt.Version]string{mqtt.V311: "20 02 0004", mqtt.V5: "20 03 00 86 00"} {
		synctest.Test(t, func(t *testing.T) {
			s, dialed := startPipe(t, func(cfg *mqtt.Config) { cfg.Version = version; cfg.Username = "u" })
			s.server.Packet()
			since := elapsed()
			s.server.Send(packet)
			err := <-dialed
			var refused *mqtt.ConnectError
			if !errors.As(err, &refused) || since() != 0 || !strings.Contains(strings.ToLower(err.Error()), "bad user name or password") {
				t.Errorf("after %v: %v", since(), err)
			}
		})
	}
}

// TestConnectToASilentServerTimesOut shows CA-15: no CONNACK comes.
func TestConnectToASilentServerTimesOut(t *testing.T) {
	dial := func(t *testing.T, ctx context.Context) (time.Duration, error) {
		connect, server := mqtttest.Pipe(t)
		cfg := mqtt.Config{ClientID: "c", Transport: mqtt.Transport{Dial: connect, ConnectTimeout: 50 * time.Millisecond}}
		start := time.Now()
		dialed := async(func() error {
			_, err := mqtt.Dial(ctx, "mqtt://pipe", cfg)
			return err
		})
		server.Packet()
		server.ExpectClosed()
		return time.Since(start), <-dialed
	}
	synctest.Test(t, func(t *testing.T) {
		took, err := dial(t, context.Background())
		if took != 50*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no CONNACK within 50ms") {
			t.Errorf("by the configuration, after %v: %v", took, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		own := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(context.Background(), 10*time.Millisecond, own)
		defer cancel()
		if took, err := dial(t, ctx); took != 10*time.Millisecond || !errors.Is(err, own) {
			t.Errorf("by the context, after %v: %v", took, err)
		}
	})
}

// TestConnectTimeoutIsExact shows CA-15: no CONNACK comes; TL-14: TLS handshake stalls.
func TestConnectTimeoutIsExact(t *testing.T) {
	for _, test := range []struct {
		name, url string
		want      time.Duration
		change    func(*mqtt.Config)
	}{
		{"no CONNACK", "", mqtt.DefaultConnectTimeout, nil},
		{"configured", "", 7 * time.Second, func(cfg *mqtt.Config) { cfg.Transport.ConnectTimeout = 7 * time.Second }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, dialed := startPipe(t, test.change)
				since := elapsed()
				s.server.Packet()
				err := <-dialed
				if since() != test.want || !errors.Is(err, errDeadline) {
					t.Errorf("after %v: %v", since(), err)
				}
				s.server.ExpectClosed()
			})
		})
	}
}
