package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/dial"
	"dunlin/mqtt/internal/wire"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/mqtttest/packet"
)

// TestConnectBytes shows CN-01: minimal CONNECT, DISCONNECT at the end [MQTT-3.1.2-18] of 3.1.1;
// CN-02: minimal CONNECT of MQTT 5 with empty property lists [MQTT-3.1.2-1]; CN-03: CONNECT that
// keeps the session [MQTT-3.1.2-4] of 3.1.1; CN-04: CONNECT with user name and password
// [MQTT-3.1.2-17] of 5; CN-05: CONNECT with a user name alone [MQTT-3.1.2-20] of 3.1.1; CN-07:
// empty user name and password are not absent ones [MQTT-3.1.2-19] of 3.1.1; CN-08: password of any
// bytes; CN-09: will at QoS 1, retained [MQTT-3.1.2-9] of 3.1.1; CN-17: empty client identifier,
// clean [MQTT-3.1.3-3]; CN-24: keep alive at its bounds; TR-15: MQTT 3.1.
func TestConnectBytes(t *testing.T) {
	will := &mqtt.Will{Message: mqtt.Message{Topic: "w", Payload: []byte("m"), QoS: 1, Retain: true}}
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

// connectOf returns the CONNECT that cfg makes, and how a server reads it.
func connectOf(t *testing.T, cfg mqtt.Config) ([]byte, wire.Connect) {
	t.Helper()
	server := mqtttest.NewServer(t)
	ctx := ctxFor(t)
	dialed := async(func() error {
		c, err := mqtt.Dial(ctx, server.URL(), cfg)
		if err != nil {
			return err
		}
		return c.Close(ctx)
	})
	conn := server.Accept()
	sent := conn.Accept()
	conn.Expect("E0 00")
	conn.Close()
	if err := <-dialed; err != nil {
		t.Fatal(err)
	}
	h, n, err := wire.ParseHeader(sent, wire.V5)
	if err != nil {
		t.Fatal(err)
	}
	p, err := packet.ParseConnect(h, sent[n:])
	if err != nil {
		t.Fatal(err)
	}
	return sent, p
}

// TestConnectFields shows CN-10: will at QoS 2 with user and password: the order of fields; CN-11:
// no will: all will bits are 0 [MQTT-3.1.2-11] of 3.1.1; CN-14: will without payload [MQTT-3.1.2-9]
// of 3.1.1; CN-15: longest will payload, and one byte more; CN-19: long and non-ASCII identifiers,
// byte order mark kept [MQTT-1.5.3-3], [MQTT-3.1.3-1].
func TestConnectFields(t *testing.T) {
	will := func(payload string) *mqtt.Will {
		return &mqtt.Will{Message: mqtt.Message{Topic: "w", Payload: []byte(payload)}}
	}
	long := strings.Repeat("é", 30) + "\uFEFF"
	for name, test := range map[string]struct {
		cfg  mqtt.Config
		want string // the end of CONNECT, from the flags on
	}{
		"all fields": {
			mqtt.Config{ClientID: "c", Username: "u", Password: []byte("p"), Will: &mqtt.Will{Message: mqtt.Message{Topic: "w", Payload: []byte("m"), QoS: 2}}},
			"D6 003C" + "%s 0001 63" + "%s 0001 77 0001 6D" + "0001 75 0001 70",
		},
		"no will":           {mqtt.Config{ClientID: "c"}, "02 003C %s 0001 63 %s"},
		"empty will":        {mqtt.Config{ClientID: "c", Will: will("")}, "06 003C %s 0001 63 %s 0001 77 0000"},
		"longest will":      {mqtt.Config{ClientID: "c", Will: will(strings.Repeat("x", 65535))}, "06 003C %s 0001 63 %s 0001 77 FFFF" + strings.Repeat("78", 65535)},
		"long identifier":   {mqtt.Config{ClientID: long}, "02 003C %s 003F" + hexOf([]byte(long)) + "%s"},
		"byte order mark":   {mqtt.Config{ClientID: "\uFEFFc"}, "02 003C %s 0004 EFBBBF63 %s"},
		"user name of NULs": {mqtt.Config{ClientID: "c", Username: "u", Password: []byte{0, 0}}, "C2 003C %s 0001 63 %s 0001 75 0002 0000"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
				own, willProperties := "", ""
				if version == mqtt.V5 {
					own = "08 2701000000 220020"
					if test.cfg.Will != nil {
						willProperties = "00"
					}
				}
				test.cfg.Version = version
				want := mustHex(t, fmt.Sprintf(test.want, own, willProperties))
				if packet, _ := connectOf(t, test.cfg); !strings.HasSuffix(string(packet), string(want)) {
					t.Errorf("version %v: % X does not end with % X", version, head(packet), head(want))
				}
			}
		})
	}
}

// TestWillProperties: they stand in the will's own list. It shows CN-12: a will's property length
// is there when it is empty [MQTT-3.1.2-9] of 5; CN-13: every will property, in its own list;
// WL-04: will properties have their own list.
func TestWillProperties(t *testing.T) {
	expiry := 3 * time.Second
	two := []mqtt.UserProperty{{Name: "b", Value: "1"}, {Name: "a", Value: "2"}}
	_, p := connectOf(t, mqtt.Config{ClientID: "c", Version: mqtt.V5, Will: &mqtt.Will{Delay: 5 * time.Second, Message: mqtt.Message{Topic: "w", Properties: &mqtt.Properties{
		PayloadIsText: true, MessageExpiry: &expiry, ContentType: "c", ResponseTopic: "r",
		CorrelationData: []byte{0, 1}, UserProperties: two,
	}}}})
	w := p.Will.Properties
	for id, want := range map[wire.PropertyID]uint32{wire.WillDelayInterval: 5, wire.PayloadFormatIndicator: 1, wire.MessageExpiryInterval: 3} {
		if v, ok := w.Uint(id); !ok || v != want {
			t.Errorf("will property %v is %d", id, v)
		}
		if _, ok := p.Properties.Uint(id); ok {
			t.Errorf("property %v among those of CONNECT", id)
		}
	}
	contentType, _ := w.Text(wire.ContentType)
	response, _ := w.Text(wire.ResponseTopic)
	data, _ := w.Binary(wire.CorrelationData)
	if contentType != "c" || response != "r" || string(data) != "\x00\x01" {
		t.Errorf("content type %q, response topic %q, correlation data %q", contentType, response, data)
	}
	checkUser(t, w, two)
}

func checkUser(t *testing.T, w wire.Properties, want []mqtt.UserProperty) {
	t.Helper()
	var got []mqtt.UserProperty
	for name, value := range w.UserProperties() {
		got = append(got, mqtt.UserProperty{Name: name, Value: value})
	}
	if !slices.Equal(got, want) {
		t.Errorf("user properties %v, want %v", got, want)
	}
}

// TestConnectProperties shows CN-21: every CONNECT property; CN-23: session that never expires;
// CN-25: user properties keep order and repetition; CN-29: property list of 128 bytes and more
// [MQTT-1.5.5-1].
func TestConnectProperties(t *testing.T) {
	many := []mqtt.UserProperty{{Name: "a", Value: "1"}, {Name: "a", Value: "2"}, {Name: "b", Value: ""}, {Name: "c", Value: strings.Repeat("x", 200)}}
	packet, p := connectOf(t, mqtt.Config{
		ClientID: "c", Version: mqtt.V5, Limits: mqtt.Limits{ReceiveMaximum: 7, TopicAliases: 9}, Transport: mqtt.Transport{MaxPacket: 4096},
		Properties: mqtt.ConnectProperties{SessionExpiry: mqtt.NeverExpires, RequestResponseInformation: true, OmitProblemInformation: true, UserProperties: many},
	})
	for id, want := range map[wire.PropertyID]uint32{
		wire.SessionExpiryInterval: 0xFFFFFFFF, wire.ReceiveMaximum: 7, wire.MaximumPacketSize: 4096, wire.TopicAliasMaximum: 9,
		wire.RequestResponseInformation: 1, wire.RequestProblemInformation: 0,
	} {
		if v, ok := p.Properties.Uint(id); !ok || v != want {
			t.Errorf("property %v is %d, want %d", id, v, want)
		}
	}
	checkUser(t, p.Properties, many)
	if packet[1]&0x80 == 0 || packet[2] == 0x80 || packet[2] >= 0x80 { // two bytes, the second not 0
		t.Errorf("the remaining length is not minimal: % X", packet[:4])
	}
	length := 12 + 1 // behind the fixed header of three bytes: name, level, flags, keep alive
	if got, n := p.Properties, len(p.Properties); packet[length] != byte(n)|0x80 || int(packet[length+1]) != n>>7 {
		t.Errorf("the property list of %d bytes %v begins with % X", n, got, packet[length:length+2])
	}
}

// TestConnectIsCalledOnce: CONNECT is the first packet of a connection [MQTT-3.1.0-1], and the only
// one [MQTT-3.1.0-2]. It shows CN-26: one CONNECT a connection.
func TestConnectIsCalledOnce(t *testing.T) {
	eachVersion(t, nil, func(s *scripted, five bool) {
		if err := s.Connect(s.ctx, mqtt.Config{ClientID: "c"}); err == nil || errors.Is(err, mqtt.ErrClosed) {
			s.t.Errorf("a second Connect: %v", err)
		}
		s.expectAlive(five) // nothing was sent
		s.closeWell()
		if err := s.Connect(s.ctx, mqtt.Config{ClientID: "c"}); !errors.Is(err, mqtt.ErrClosed) {
			s.t.Errorf("Connect after the end: %v", err)
		}
	})
}

// TestNothingBetweenConnectAndConnAck: publishing at that time is an error, and the message is not
// lost silently. It shows CN-27: nothing is sent between CONNECT and CONNACK [MQTT-3.1.2-30]. It
// keeps out peer 0.1: a publish before the connection stands never ends, or is lost as a success;
// peer 4.4: a message that was dropped is told as sent.
func TestNothingBetweenConnectAndConnAck(t *testing.T) {
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		s := &scripted{t: t, ctx: ctxFor(t), events: make(chan string, 10)}
		server := mqtttest.NewServer(t)
		var err error
		if s.Client, err = mqtt.Open(s.ctx, server.URL(), s.watch(mqtt.Config{})); err != nil {
			t.Fatal(err)
		}
		s.server = server.Accept()
		connected := async(func() error { return s.Connect(s.ctx, mqtt.Config{ClientID: "c", Version: version}) })
		s.server.Packet()
		for what, err := range map[string]error{
			"QoS 0":       s.Publish(s.ctx, mqtt.Message{Topic: "t"}),
			"QoS 1":       s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: 1}),
			"subscribe":   errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "t"})),
			"unsubscribe": s.Unsubscribe(s.ctx, "t"),
		} {
			if !errors.Is(err, mqtt.ErrNotConnected) || !errors.Is(err, mqtt.ErrNotSent) {
				t.Errorf("%s: %v", what, err)
			}
		}
		s.server.ExpectNothing(20 * time.Millisecond)
		if version == mqtt.V5 {
			s.server.Send("20 03 000000")
		} else {
			s.server.Send("20 02 0000")
		}
		s.mustWait(connected)
		s.expectEvent("connect")
		s.closeWell()
	}
}

// TestPrepareIsCalledForEachAttempt: the credentials are those of the attempt. It shows CN-28:
// credentials asked for anew at each reconnect. It keeps out peer 4.16: credentials cannot change
// between connections.
func TestPrepareIsCalledForEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		change := prepare(func(a *mqtt.Attempt) error {
			seen = append(seen, fmt.Sprint(a.Number, a.URL, a.Config.ClientID, a.Config.Username, a.Last != nil))
			a.Config.Username, a.Config.Password = "u", []byte{byte('0' + a.Number)}
			a.Config.ClientID, a.Config.KeepSession, a.Config.Version = "other", false, mqtt.V5 // are not of an attempt
			a.Config.Limits.InFlight = 1
			if a.Number == 2 {
				a.URL = "mqtt://changed:7"
			}
			return nil
		})
		s := newLasting(t, mqtt.V311, change)
		s.connectAs("10 13 00044D51545404C0003C 000163 000175 000130")
		s.drop()
		s.server = s.net.accept()
		s.server.Expect("10 13 00044D51545404C0003C 000163 000175 000131")
		s.server.Close() // an attempt that fails
		s.server = s.net.accept()
		s.server.Expect("10 13 00044D51545404C0003C 000163 000175 000132")
		s.server.Send("20 02 0100")
		s.publishes(1, "a", "b") // the window is not of an attempt either
		s.play(`> pub 32 1 a
			> pub 32 2 b`)
		want := []string{"0 mqtt://one c  false", "1 mqtt://one c  true", "2 mqtt://one c  true"}
		if !slices.EqualFunc(seen, want, func(a, b string) bool { return strings.ReplaceAll(a, " ", "") == strings.ReplaceAll(b, " ", "") }) {
			t.Errorf("asked with %q", seen)
		}
		if reached := s.net.all(); !slices.Equal(reached, []string{"one:1883", "one:1883", "changed:7"}) {
			t.Errorf("reached %q", reached)
		}
	})
}

// TestPrepareThatFailsIsAFailedAttempt: its error is reported, and the next attempt follows. It
// shows CN-28: credentials asked for anew at each reconnect.
func TestPrepareThatFailsIsAFailedAttempt(t *testing.T) {
	own := errors.New("no token")
	synctest.Test(t, func(t *testing.T) {
		told := make(chan mqtt.Retry, 10)
		s := newLasting(t, mqtt.V311, both(retries(told), prepare(func(a *mqtt.Attempt) error {
			if a.Number == 1 || a.Number == 2 {
				return own
			}
			if a.Number == 3 && !errors.Is(a.Last, own) {
				t.Errorf("last: %v", a.Last)
			}
			return nil
		})))
		s.connect("absent")
		s.lose("present")
		for _, want := range []error{mqtt.ErrServerClosed, own, own} {
			checkError(t, (<-told).Err, want)
		}
		if n := len(s.net.all()); n != 2 {
			t.Errorf("%d connections", n)
		}
	})
	synctest.Test(t, func(t *testing.T) { // Dial returns it
		s := newLasting(t, mqtt.V311, prepare(func(*mqtt.Attempt) error { return own }))
		checkError(t, <-s.start(), own)
	})
	synctest.Test(t, func(t *testing.T) { // and it may end the client
		s := newLasting(t, mqtt.V311, both(prepare(func(a *mqtt.Attempt) error {
			if a.Number > 0 {
				return own
			}
			return nil
		}), func(cfg *mqtt.Config) { cfg.Reconnect.GiveUp = func(err error) bool { return errors.Is(err, own) } }))
		s.connect("absent")
		s.drop()
		<-s.Done()
		checkError(t, s.Err(), own)
		s.expectEvent("error: no further attempt: prepare: no token")
	})
}

// TestWillOfEachConnection: it is the same will, or what Prepare makes of it. It shows WL-05: will
// is sent again at a reconnect.
func TestWillOfEachConnection(t *testing.T) {
	will := func(cfg *mqtt.Config) {
		cfg.Will = &mqtt.Will{Message: mqtt.Message{Topic: "w", Payload: []byte("m"), QoS: 1, Retain: true}}
	}
	eachLasting(t, will, func(s *lasting) {
		first := s.lose("present")
		second := s.lose("present")
		tail := hexOf([]byte("\x00\x01w\x00\x01m"))
		if s.five {
			tail = hexOf([]byte("\x00\x00\x01w\x00\x01m"))
		}
		if !slices.Equal(first, second) || !strings.HasSuffix(hexOf(first), tail) || first[9] != 0x2C {
			s.t.Errorf("% X, then % X", first, second)
		}
	})
}

var errEnough = errors.New("enough")

// cancelled returns a context that ends with errEnough when cancel is called.
func cancelled(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, func() { cancel(errEnough) }
}

// TestDialEndsWithItsContext shows TR-06: context ends at any stage; TL-14: TLS handshake stalls.
// It keeps out peer 4.12: leaving hangs or crashes, and an abandoned connect goes on.
func TestDialEndsWithItsContext(t *testing.T) {
	for _, test := range []struct {
		name, url, stage string
		dial             func(context.Context, string, string) (net.Conn, error)
	}{
		{"TCP", "mqtt://pipe", dial.StageDial, func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}},
		{"TLS", "mqtts://pipe", dial.StageTLS, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				defer theirs.Close()
				silent := func(context.Context, string, string) (net.Conn, error) { return ours, nil }
				if test.dial == nil {
					test.dial = silent
				}
				open := func(ctx context.Context) error {
					_, err := mqtt.Open(ctx, test.url, mqtt.Config{Transport: mqtt.Transport{Dial: test.dial}})
					return err
				}
				ctx, cancel := cancelled(context.Background())
				opened := async(func() error { return open(ctx) })
				synctest.Wait()
				cancel()
				err := <-opened
				var failed *dial.Error
				if !errors.As(err, &failed) || failed.Stage != test.stage || !errors.Is(err, errEnough) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
