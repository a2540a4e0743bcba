package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// ctxFor bounds a test.
func ctxFor(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// scripted is a client, and the server's end of its connection.
type scripted struct {
	*mqtt.Client
	t      *testing.T
	ctx    context.Context
	server *mqtttest.Conn
	events chan string // what the handlers saw
}

// dialScripted connects a client "c" to a scripted server.
func dialScripted(t *testing.T, change func(*mqtt.Config)) *scripted {
	t.Helper()
	s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 1000)}
	cfg := mqtt.Config{ClientID: "c", Transport: mqtt.Transport{Handlers: s.handlers()}}
	if change != nil {
		change(&cfg)
	}
	s.dial(cfg, "")
	return s
}

// dial connects by cfg; the server answers connAck, or a plain acceptance when
// it is empty.
func (s *scripted) dial(cfg mqtt.Config, connAck string) {
	s.t.Helper()
	if cfg.Transport.Handlers.Connect == nil {
		cfg.Transport.Handlers = s.handlers()
	}
	server := mqtttest.NewServer(s.t)
	dialed := async(func() (err error) {
		s.Client, err = mqtt.Dial(s.ctx, server.URL(), cfg)
		return err
	})
	s.server = server.Accept()
	if connAck == "" {
		s.server.Accept()
	} else {
		s.server.Packet()
		s.server.Send(connAck)
	}
	if err := <-dialed; err != nil {
		s.t.Fatalf("dial: %v", err)
	}
	s.expectEvent("connect")
	s.t.Cleanup(func() {
		s.server.Close()
		_ = s.Close(context.Background()) // tests of Close look at its error
	})
}

// handlers write every event into s.events.
func (s *scripted) handlers() mqtt.Handlers {
	return mqtt.Handlers{
		Connect:    func(*mqtt.Client) { s.events <- "connect" },
		Message:    func(m *mqtt.Message) { s.events <- "message " + describe(m) },
		Close:      func(reason error) { s.events <- "close: " + reason.Error() },
		Disconnect: func(reason error) { s.events <- "disconnect: " + reason.Error() },
		Error:      func(err error) { s.events <- "error: " + err.Error() },
	}
}

func describe(m *mqtt.Message) string {
	s := fmt.Sprintf("%s=%s q%d", m.Topic, m.Payload, m.QoS)
	if m.PacketID != 0 {
		s += fmt.Sprintf(" id%d", m.PacketID)
	}
	if m.Retain {
		s += " retain"
	}
	if m.Dup {
		s += " dup"
	}
	return s
}

func (s *scripted) expectEvent(want string) {
	s.t.Helper()
	select {
	case got := <-s.events:
		if !strings.HasPrefix(got, want) {
			s.t.Fatalf("event %q, want %q", got, want)
		}
	case <-s.ctx.Done():
		s.t.Fatalf("no event, want %q", want)
	}
}

// finish closes the client and checks that no further event came.
func (s *scripted) finish() {
	s.t.Helper()
	if err := s.Close(s.ctx); err != nil {
		s.t.Errorf("close: %v", err)
	}
	select {
	case got := <-s.events:
		s.t.Errorf("unexpected event %q", got)
	default:
	}
}

// closeWell closes the client and checks that it says goodbye, and that no
// further event came.
func (s *scripted) closeWell() {
	s.t.Helper()
	s.closeWithin(s.ctx)
}

// closeUnanswered is closeWell with publishes that the server does not
// acknowledge: Close does not wait long.
func (s *scripted) closeUnanswered() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, time.Second)
	defer cancel()
	s.closeWithin(ctx)
}

func (s *scripted) closeWithin(ctx context.Context) {
	s.t.Helper()
	closed := async(func() error { return s.Close(ctx) })
	s.server.Expect("E0 00")
	s.server.ExpectClosed()
	s.server.Close()
	s.mustWait(closed)
	s.finish()
}

// async runs f and returns its error when it has one.
func async(f func() error) chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

func (s *scripted) wait(c chan error) error {
	s.t.Helper()
	select {
	case err := <-c:
		return err
	case <-s.ctx.Done():
		s.t.Fatal("the call hangs")
		return nil
	}
}

func (s *scripted) mustWait(c chan error) {
	s.t.Helper()
	if err := s.wait(c); err != nil {
		s.t.Fatal(err)
	}
}

func v5(cfg *mqtt.Config) { cfg.Version = mqtt.V5 }

func TestConnectBytes(t *testing.T) { // CN-01..CN-05, CN-07..CN-09, CN-17, CN-24, TR-15
	will := &mqtt.Message{Topic: "w", Payload: []byte("m"), QoS: 1, Retain: true}
	for _, test := range []struct {
		name string
		cfg  mqtt.Config
		want string
	}{
		{"minimal", mqtt.Config{ClientID: "c"}, "10 0D 00044D5154540402003C000163"},
		{"kept session", mqtt.Config{ClientID: "c", KeepSession: true}, "10 0D 00044D5154540400003C000163"},
		{"user and password", mqtt.Config{ClientID: "c", Username: "u", Password: []byte("p")}, "10 13 00044D51545404C2003C000163000175000170"},
		{"user only", mqtt.Config{ClientID: "c", Username: "u"}, "10 10 00044D5154540482003C000163000175"},
		{"both empty", mqtt.Config{ClientID: "c", Password: []byte{}}, "10 11 00044D51545404C2003C00016300000000"},
		{"binary password", mqtt.Config{ClientID: "c", Username: "u", Password: []byte{0, 0xFF}}, "10 14 00044D51545404C2003C000163000175000200FF"},
		{"will", mqtt.Config{ClientID: "c", Will: will}, "10 13 00044D515454042E003C00016300017700016D"},
		{"no id", mqtt.Config{}, "10 0C 00044D5154540402003C0000"},
		{"3.1", mqtt.Config{ClientID: "c", Version: mqtt.V31}, "10 0F 00064D51497364700302003C000163"},
		{"keep alive off", mqtt.Config{ClientID: "c", KeepAlive: -1}, "10 0D 00044D51545404020000000163"},
		{"keep alive longest", mqtt.Config{ClientID: "c", KeepAlive: 65535 * time.Second}, "10 0D 00044D5154540402FFFF000163"},
		{"5", mqtt.Config{ClientID: "c", Version: mqtt.V5}, "10 16 00044D5154540502003C 08 2701000000 220020 000163"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			ctx := ctxFor(t)
			dialed := async(func() error {
				c, err := mqtt.Dial(ctx, server.URL(), test.cfg)
				if err != nil {
					return err
				}
				return c.Close(ctx)
			})
			conn := server.Accept()
			conn.Expect(test.want)
			if test.cfg.Version == mqtt.V5 {
				conn.Send("20 03 000000")
			} else {
				conn.Send("20 02 0000")
			}
			conn.Expect("E0 00")
			conn.ExpectClosed()
			conn.Close()
			if err := <-dialed; err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestConfigFaultsSendNothing(t *testing.T) { // CN-06, CN-15, CN-16, CN-18, CN-20, CN-24
	long := strings.Repeat("x", 65536)
	for name, cfg := range map[string]mqtt.Config{
		"password without user":  {ClientID: "c", Password: []byte("p")},
		"will without topic":     {ClientID: "c", Will: &mqtt.Message{}},
		"will with wildcard":     {ClientID: "c", Will: &mqtt.Message{Topic: "a/+"}},
		"will with NUL":          {ClientID: "c", Will: &mqtt.Message{Topic: "a\x00"}},
		"will QoS 3":             {ClientID: "c", Will: &mqtt.Message{Topic: "a", QoS: 3}},
		"will too long":          {ClientID: "c", Will: &mqtt.Message{Topic: "a", Payload: []byte(long)}},
		"kept without id":        {KeepSession: true},
		"id with NUL":            {ClientID: "a\x00"},
		"id ill-formed":          {ClientID: "a\xff"},
		"id too long":            {ClientID: long},
		"keep alive too long":    {ClientID: "c", KeepAlive: 65536 * time.Second},
		"keep alive sub-second":  {ClientID: "c", KeepAlive: 1500 * time.Millisecond},
		"unknown version":        {ClientID: "c", Version: 6},
		"in flight out of range": {ClientID: "c", Limits: mqtt.Limits{InFlight: 70000}},
		"properties before 5":    {ClientID: "c", Properties: mqtt.ConnectProperties{SessionExpiry: time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			_, err := mqtt.Dial(ctxFor(t), server.URL(), cfg)
			var arg *mqtt.ArgumentError
			if !errors.As(err, &arg) || !errors.Is(err, mqtt.ErrNotSent) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), long) {
				t.Error("the error is not one readable line")
			}
		})
	}
}

func TestRefusedConnect(t *testing.T) { // CA-02..CA-06, CA-08, CA-10, CA-36, peer 4.30
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

func TestConnectAnsweredBadly(t *testing.T) { // fault 34, CA-07, CA-11, CA-12, CA-16, CA-18, CA-21, MF-04, MF-25
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

func TestSilentServerTimesOut(t *testing.T) { // CA-15
	server := mqtttest.NewServer(t)
	cfg := mqtt.Config{ClientID: "c", Transport: mqtt.Transport{ConnectTimeout: 50 * time.Millisecond}}
	dial := func(ctx context.Context) error {
		dialed := async(func() error {
			_, err := mqtt.Dial(ctx, server.URL(), cfg)
			return err
		})
		conn := server.Accept()
		conn.Packet()
		conn.ExpectClosed()
		return <-dialed
	}
	if err := dial(context.Background()); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no CONNACK within 50ms") {
		t.Errorf("by the configuration: %v", err)
	}
	own := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 10*time.Millisecond, own)
	defer cancel()
	if err := dial(ctx); !errors.Is(err, own) {
		t.Errorf("by the context: %v", err)
	}
}

func TestPublishBytes(t *testing.T) { // P0-01, P0-02, P0-04, P1-01, P2-01, RT-01, RT-02
	s := dialScripted(t, nil)
	published := async(func() error {
		for _, m := range []mqtt.Message{
			{Topic: "pub/qos0/test", Payload: []byte("message")},
			{Topic: "t"},
			{Topic: "t", Retain: true},
			{Topic: "t", Payload: []byte("p"), QoS: 1},
			{Topic: "t", Payload: []byte("p"), QoS: 2, Retain: true},
		} {
			if err := s.Publish(s.ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
	s.server.Expect("30 16 000D7075622F716F73302F746573746D657373616765")
	s.server.Expect("30 03 000174", "31 03 000174")
	s.server.Expect("32 06 000174000170")
	if !s.IsQueued() {
		t.Error("not queued though not acknowledged")
	}
	s.server.Send("40 02 0001")
	s.server.Expect("35 06 000174000270")
	s.server.Send("50 02 0002")
	s.server.Expect("62 02 0002")
	s.server.Send("70 02 0002")
	s.mustWait(published)
	for s.IsQueued() { // until the write of PUBREL has returned
		if s.ctx.Err() != nil {
			t.Fatal("queued though all is complete")
		}
		runtime.Gosched()
	}
}

func TestPublishFaultsSendNothing(t *testing.T) { // P0-07, P0-08, peer 4.34
	s := dialScripted(t, nil)
	for _, m := range []mqtt.Message{
		{Topic: ""},
		{Topic: "a/+"},
		{Topic: "#"},
		{Topic: "a\x00b"},
		{Topic: "a\xed\xa0\x80"},
		{Topic: strings.Repeat("x", 65536)},
		{Topic: "t", QoS: 3},
		{Topic: "t", Payload: make([]byte, 268_435_455)},
		{Topic: "t", Properties: &mqtt.Properties{ContentType: "x"}},
	} {
		err := s.Publish(s.ctx, m)
		var arg *mqtt.ArgumentError
		if !errors.As(err, &arg) || len(err.Error()) > 300 {
			t.Errorf("topic %.20q: %.400v", m.Topic, err)
		}
	}
	published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t"}) })
	s.server.Expect("30 03 000174")
	s.mustWait(published)
}

func TestServerLimitsAreKept(t *testing.T) { // CA-39..CA-42, SU-30, T-A31
	server := mqtttest.NewServer(t)
	ctx := ctxFor(t)
	var c *mqtt.Client
	dialed := async(func() (err error) {
		c, err = mqtt.Dial(ctx, server.URL(), mqtt.Config{ClientID: "c", Version: mqtt.V5})
		return err
	})
	conn := server.Accept()
	conn.Packet()
	conn.Send("20 10 0000 0D 2400 2500 270000001E 2800 2A00")
	if err := <-dialed; err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"Maximum QoS":  c.Publish(ctx, mqtt.Message{Topic: "t", QoS: 1}),
		"retained":     c.Publish(ctx, mqtt.Message{Topic: "t", Retain: true}),
		"Maximum Pack": c.Publish(ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 26)}),
		"wildcard":     c.Subscribe(ctx, mqtt.Subscription{Filter: "a/+"}),
		"shared":       c.Subscribe(ctx, mqtt.Subscription{Filter: "$share/g/a"}),
		"several call": c.Subscribe(ctx, mqtt.Subscription{Filter: strings.Repeat("a", 40)}),
	} {
		if err == nil || !errors.Is(err, mqtt.ErrNotSent) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	published := async(func() error { return c.Publish(ctx, mqtt.Message{Topic: "t", Payload: make([]byte, 24)}) })
	conn.Expect("30 1C 000174 00", strings.Repeat("00", 24))
	if err := <-published; err != nil {
		t.Fatal(err)
	}
	conn.Close()
	_ = c.Close(ctx)
}

func TestRejectedPublish(t *testing.T) { // fault 17, P1-03, P1-04, P2-03
	s := dialScripted(t, v5)
	for _, step := range []struct {
		qos        mqtt.QoS
		send, want string
	}{
		{1, "40 0A 0001 87 06 1F0003 6E6F21", `0x87 Not authorized ("no!")`},
		{1, "40 03 000297", "0x97 Quota exceeded"},
		{2, "50 03 000390", "0x90 Topic Name invalid"},
	} {
		published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: step.qos}) })
		s.server.Packet()
		s.server.Send(step.send)
		err := s.wait(published)
		var rejected *mqtt.PublishError
		if !errors.As(err, &rejected) || !errors.Is(err, mqtt.ErrRejected) || !strings.Contains(err.Error(), step.want) {
			t.Errorf("got %v, want %s", err, step.want)
		}
	}
	published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}) })
	s.server.Packet()
	s.server.Send("40 03 000410") // no matching subscribers is a success
	s.mustWait(published)
}

func TestReceive(t *testing.T) { // RX-01..RX-03, RX-05, RX-06, RX-15, RX-17, RX-19, FR-01..FR-03
	for _, mode := range []mqtttest.WriteMode{mqtttest.Whole, mqtttest.Bytewise, mqtttest.Coalesced} {
		s := dialScripted(t, nil)
		s.server.SetWriteMode(mode)
		s.server.Send("30 0E 0005746F7069637061796C6F6164")
		s.server.Send("31 07 0005746F706963")
		s.server.Send("38 0E 0005746F7069637061796C6F6164")
		s.server.Send("3A 10 0005746F70696304D27061796C6F6164")
		s.server.Send("32 07 000174 0007 6161")
		s.server.Send("34 05 000174 346F")
		s.server.Expect("40 02 04D2", "40 02 0007", "50 02 346F")
		s.server.Send("3C 05 000174 346F")
		s.server.Expect("50 02 346F")
		for _, want := range []string{"topic=payload q0", "topic= q0 retain", "topic=payload q0 dup", "topic=payload q1 id1234 dup", "t=aa q1 id7", "t= q2 id13423"} {
			s.expectEvent("message " + want)
		}
		s.server.Send("62 02 346F")
		s.server.Expect("70 02 346F")
		s.server.Send("62 02 346F")
		s.server.Expect("70 02 346F")
		s.server.SetWriteMode(mqtttest.Whole)
		s.closeWell()
	}
}

func TestProtocolFaultsOfTheServer(t *testing.T) { // fault 34, MF-01, MF-02, MF-04, MF-07..MF-09, MF-11, MF-24, CA-17, DC-13, KA-15, RX-14, RX-24, RX-37, RX-38, P1-09, P1-15, P1-16, SU-13, SU-15, TA-06, WL-03, T-A33, T-A34, T-A39
	for _, test := range []struct {
		send string
		v5   string // the DISCONNECT of an MQTT 5 client, when the packet is of that version
	}{
		{"20 02 0000", ""},
		{"20 03 000000", "E0 01 82"},
		{"00 00", ""},
		{"00 00", "E0 01 81"},
		{"10 00", ""},
		{"82 00", ""},
		{"A2 00", ""},
		{"C0 00", ""},
		{"F0 00", ""},
		{"C0 00", "E0 01 82"},
		{"E0 00", ""}, // a 3.1.1 server sends no DISCONNECT
		{"F0 00", "E0 01 82"},
		{"36 06 000174000170", ""},
		{"32 05 0001740000", ""},
		{"32 06 000174000000", "E0 01 82"},
		{"30 02 0000", ""},
		{"30 03 000000", "E0 01 82"},
		{"30 03 00012B", ""},
		{"30 04 00012300", "E0 01 81"},
		{"30 03 0001FF", ""},
		{"30 01 00", ""},
		{"30 07 000174 03 230021", "E0 01 94"}, // above the alias maximum that CONNECT told
		{"40 02 0000", ""},
		{"40 00", ""},
		{"41 02 0001", ""},
		{"40 03 000100", ""},
		{"40 04 00010100", "E0 01 82"},
		{"60 02 346F", ""},
		{"62 00", ""},
		{"90 02 0001", ""},
		{"90 03 000000", ""},
		{"91 03 000100", ""},
		{"D0 01 00", ""},
		{"D1 00", ""},
		{"30 80808080 01", ""},
		{"30 FFFFFFFF", "E0 01 81"},
		{"30 8080C005", ""},
		{"30 8080C005", "E0 01 95"}, // 11 MiB, above the limit set here
	} {
		t.Run(test.send+"/"+test.v5, func(t *testing.T) {
			s := dialScripted(t, func(cfg *mqtt.Config) {
				cfg.Transport.MaxPacket = 10 << 20
				if test.v5 != "" {
					cfg.Version = mqtt.V5
				}
			})
			s.server.Send(test.send)
			if test.v5 != "" {
				got := s.server.Packet()
				want, _ := mqtttest.ParseHex(test.v5)
				if other := []byte{0xE0, 1, 0x81}; !slices.Equal(got, want) && !(want[2] == 0x82 && slices.Equal(got, other)) {
					t.Errorf("the client said % X, want % X", got, want)
				}
			}
			s.server.ExpectClosed() // before MQTT 5 without a word [WL-03]
			s.server.Close()
			s.expectEvent("disconnect: the server broke the protocol: ")
			s.finish()
			var broken *mqtt.PacketError
			if err := s.Publish(s.ctx, mqtt.Message{Topic: "t"}); !errors.As(err, &broken) || !errors.Is(err, mqtt.ErrClosed) {
				t.Errorf("publish afterwards: %v", err)
			}
		})
	}
}
