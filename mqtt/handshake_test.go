package mqtt_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/mqtttest/packet"
)

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

func TestConnectFields(t *testing.T) { // CN-10, CN-11, CN-14, CN-15, CN-19: [MQTT-3.1.3-1]
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

func TestWillProperties(t *testing.T) { // CN-12, CN-13, WL-04: in the will's own list
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

func TestConnectProperties(t *testing.T) { // CN-21, CN-23, CN-25, CN-29
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

func TestFaultyConfigurationsOfMQTT5(t *testing.T) { // CN-16, CN-20, CN-22
	for name, cfg := range map[string]mqtt.Config{
		"user name with NUL":       {ClientID: "c", Username: "a\x00"},
		"user name ill-formed":     {ClientID: "c", Username: "a\xE2\x82"},
		"identifier of surrogates": {ClientID: "\xED\xA0\x80"},
		"no Receive Maximum":       {ClientID: "c", Limits: mqtt.Limits{ReceiveMaximum: -1}},
		"no packet at all":         {ClientID: "c", Transport: mqtt.Transport{MaxPacket: -1}},
		"user property":            {ClientID: "c", Properties: mqtt.ConnectProperties{UserProperties: []mqtt.UserProperty{{Name: "a\x00"}}}},
		"will with wildcard":       {ClientID: "c", Will: &mqtt.Will{Message: mqtt.Message{Topic: "a/#"}}},
		"will to nowhere":          {ClientID: "c", Will: &mqtt.Will{Message: mqtt.Message{}}},
		"response with wildcard":   {ClientID: "c", Will: &mqtt.Will{Message: mqtt.Message{Topic: "a", Properties: &mqtt.Properties{ResponseTopic: "+"}}}},
	} {
		cfg.Version = mqtt.V5
		if _, err := mqtt.Dial(ctxFor(t), mqtttest.NewServer(t).URL(), cfg); !errors.Is(err, mqtt.ErrNotSent) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, p := connectOf(t, mqtt.Config{KeepSession: true, Version: mqtt.V5}) // CN-18: MQTT 5 allows it
	if p.ClientID != "" || p.CleanStart {
		t.Errorf("%+v", p)
	}
	packet, _ := connectOf(t, mqtt.Config{ClientID: "c", Version: mqtt.V5, Password: []byte("p")}) // CN-06: and a password alone
	if packet[9] != 0x42 || !strings.HasSuffix(string(packet), "\x00\x01c\x00\x01p") {
		t.Errorf("% X", packet)
	}
}

func TestOneConnect(t *testing.T) { // CN-26: a connection, the first packet [MQTT-3.1.0-1], [MQTT-3.1.0-2]
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

func TestNothingBetweenConnectAndConnAck(t *testing.T) { // CN-27, peer 0.1, peer 4.4: a publish then is an error, not lost
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

func TestConnAckInPieces(t *testing.T) { // CA-01, CA-44, FR-01
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

func TestFaultyConnAcks(t *testing.T) { // CA-17, CA-20, CA-22, CA-26, CA-27, CA-43, T-A33, T-A37
	for name, test := range map[string]struct {
		send, want string
		codes      string // of our DISCONNECT
	}{
		"3.1.1's refusal": {"20 02 0001", "version", "84"},
		"with a new code": {"20 02 0084", "version", "84"},
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

func TestWillIsRefused(t *testing.T) { // WL-06
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

func TestSessionExpiryOfTheServer(t *testing.T) { // CA-34: takes the place of the one in CONNECT
	for properties, want := range map[string]time.Duration{"": time.Hour, "1100000000": 0, "1100000005": 5 * time.Second, "11FFFFFFFF": mqtt.NeverExpires} {
		s := dialV5(t, properties, func(cfg *mqtt.Config) { cfg.Properties.SessionExpiry = time.Hour })
		if got := s.ConnAck().SessionExpiry; got != want {
			t.Errorf("%s: %v", properties, got)
		}
	}
}
