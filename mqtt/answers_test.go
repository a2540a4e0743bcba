package mqtt_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

func TestAnswersOfPublishes(t *testing.T) { // P1-02, P1-03, P1-17, P2-02, P2-04
	s := dialV5(t, "", nil)
	for _, test := range []struct {
		qos    mqtt.QoS
		answer []string
		code   mqtt.ReasonCode
		reason string
	}{
		{1, []string{"40 02 0001"}, 0, ""},
		{1, []string{"40 03 0002 10"}, 0x10, ""},
		{1, []string{"40 08 0003 00 04 1F0001 70"}, 0, "p"},
		{2, []string{"50 04 0004 10 00", "70 04 0004 00 00"}, 0, ""},
		{2, []string{"50 02 0005", "70 03 0005 92"}, 0x92, ""},
	} {
		d, err := s.PublishAsync(s.ctx, mqtt.Message{Topic: "t", QoS: test.qos}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := d.Answer(); a.Codes != nil {
			t.Errorf("an answer before it came: %+v", a)
		}
		s.server.Packet()
		s.server.Send(test.answer[0])
		if test.qos == 2 {
			s.server.Packet() // PUBREL
			s.server.Send(test.answer[1])
		}
		if err := d.Wait(s.ctx); err != nil {
			t.Fatal(err)
		}
		if a := d.Answer(); len(a.Codes) != 1 || a.Codes[0] != test.code || a.ReasonString != test.reason {
			t.Errorf("%v: answer %+v", test.answer, a)
		}
	}
}

func TestReject(t *testing.T) { // RX-10, RX-11, RX-22
	held := make(chan *mqtt.Received, 10)
	s := dialV5(t, "", func(cfg *mqtt.Config) {
		cfg.ManualAck = true
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { held <- m }
	})
	s.server.Send("32 06 0001 74 0007 00", "34 06 0001 74 0009 00")
	first, second := <-held, <-held
	for _, code := range []mqtt.ReasonCode{0, 0x10, 0x92, 0xFF} {
		if err := first.Reject(code); !errors.Is(err, mqtt.ErrNotSent) {
			t.Errorf("code %v: %v", code, err)
		}
	}
	if err := first.Reject(0x83); err != nil {
		t.Error(err)
	}
	s.server.Expect("40 03 0007 83")
	if err := second.Reject(0x87); err != nil {
		t.Error(err)
	}
	s.server.Expect("50 03 0009 87")
	s.server.Send("34 06 0001 74 0009 00") // a new message: the flow ended with the refusal
	if m := <-held; m.PacketID != 9 {
		t.Errorf("got %+v", m)
	}
}

func TestSkippedMessageComesAgain(t *testing.T) {
	held := make(chan *mqtt.Received, 10)
	s := dialScripted(t, func(cfg *mqtt.Config) {
		cfg.KeepSession = true
		cfg.ManualAck = true
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { held <- m }
	})
	s.server.Send("32 05 000174 0007", "34 05 000174 0008", "32 05 000174 0009")
	first, second, third := <-held, <-held, <-held
	for _, settle := range []func() error{third.Ack, second.Skip, first.Skip} {
		must(t, settle())
	}
	s.server.Expect("40 02 0009") // it has waited for the other two
	must(t, first.Ack())          // too late: it is left to the server
	s.closeWell()                 // nothing else was said
	if err := second.Skip(); !errors.Is(err, mqtt.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func TestGoodbye(t *testing.T) { // DC-02, DC-03, DC-04, WL-02, peer 4.35
	hour, zero := time.Hour, time.Duration(0)
	withExpiry := func(cfg *mqtt.Config) { cfg.Properties.SessionExpiry = 100 * time.Second }
	for _, test := range []struct {
		name   string
		change func(*mqtt.Config)
		bye    mqtt.DisconnectOptions
		want   string
	}{
		{"plain", nil, mqtt.DisconnectOptions{}, "E0 00"},
		{"with will", nil, mqtt.DisconnectOptions{Code: 4}, "E0 01 04"},
		{"words", nil, mqtt.DisconnectOptions{Code: 0x80, ReasonString: "x", UserProperties: []mqtt.UserProperty{{Name: "k", Value: "v"}}}, "E0 0D 80 0B 1F0001 78 26 00016B 000176"},
		{"expiry ended", withExpiry, mqtt.DisconnectOptions{SessionExpiry: &zero}, "E0 07 00 05 1100000000"},
		{"expiry prolonged", withExpiry, mqtt.DisconnectOptions{SessionExpiry: &hour}, "E0 07 00 05 1100000E10"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := dialV5(t, "", test.change)
			closed := async(func() error { return s.CloseWith(s.ctx, test.bye) })
			s.server.Expect(test.want)
			s.server.Close()
			s.mustWait(closed)
		})
	}
	s := dialV5(t, "", nil)
	if err := s.CloseWith(s.ctx, mqtt.DisconnectOptions{SessionExpiry: &hour}); !errors.Is(err, mqtt.ErrNotSent) {
		t.Errorf("prolonged a session that ends with the connection: %v", err)
	}
	if err := s.CloseWith(s.ctx, mqtt.DisconnectOptions{Code: 0x8E}); !errors.Is(err, mqtt.ErrNotSent) {
		t.Errorf("a code for servers only: %v", err)
	}
	if !s.IsConnected() {
		t.Error("a goodbye that was refused ended the connection")
	}
	old := dialScripted(t, nil)
	if err := old.CloseWith(old.ctx, mqtt.DisconnectOptions{}); !errors.Is(err, mqtt.ErrNotSent) {
		t.Errorf("3.1.1: %v", err)
	}
}

func TestConnAckIsShown(t *testing.T) { // CA-24, CA-33..CA-35, CA-37
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

// A 32-bit build takes the largest numbers of the protocol, too.
func TestLargestPacketSizeOfAServer(t *testing.T) {
	s := dialV5(t, "27 FFFFFFFF", nil)
	if got, most := s.ConnAck().MaximumPacketSize, 268_435_455+5; got != most {
		t.Errorf("a server that takes 2^32-1 bytes is said to take %d, want %d, the largest packet there is", got, most)
	}
	published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t"}) })
	s.server.Expect("30 04 000174 00")
	s.mustWait(published)
}

func TestAssignedClientIdentifier(t *testing.T) { // CA-30, CA-31, CA-32, D-4
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

func equalConnAck(a, b mqtt.ConnAck) bool {
	return a.SessionPresent == b.SessionPresent && a.ClientID == b.ClientID && a.KeepAlive == b.KeepAlive &&
		a.SessionExpiry == b.SessionExpiry && a.ReceiveMaximum == b.ReceiveMaximum && a.MaximumPacketSize == b.MaximumPacketSize &&
		a.MaximumQoS == b.MaximumQoS && a.TopicAliasMaximum == b.TopicAliasMaximum && a.RetainAvailable == b.RetainAvailable &&
		a.WildcardSubscriptions == b.WildcardSubscriptions && a.SharedSubscriptions == b.SharedSubscriptions &&
		a.SubscriptionIdentifiers == b.SubscriptionIdentifiers && a.ResponseInformation == b.ResponseInformation && a.ReasonString == b.ReasonString
}

func TestPublishProperties(t *testing.T) { // P0-10, P0-12, RX-30
	expiry := 3 * time.Second
	p := &mqtt.Properties{
		PayloadIsText: true, MessageExpiry: &expiry, ContentType: "c", ResponseTopic: "r", CorrelationData: []byte{0, 0xFF},
		UserProperties: []mqtt.UserProperty{{Name: "a", Value: "1"}, {Name: "a", Value: "2"}, {Name: "b", Value: ""}},
	}
	got := make(chan *mqtt.Received, 1)
	s := dialV5(t, "", func(cfg *mqtt.Config) {
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { got <- m }
	})
	published := async(func() error { return s.Publish(s.ctx, mqtt.Message{Topic: "t", Payload: []byte("p"), Properties: p}) })
	packet := s.server.Packet()
	s.mustWait(published)
	s.server.SendBytes(packet)
	m := <-got
	if q := m.Properties; q == nil || !q.PayloadIsText || *q.MessageExpiry != expiry || q.ContentType != "c" || q.ResponseTopic != "r" ||
		string(q.CorrelationData) != "\x00\xff" || len(q.UserProperties) != 3 || q.UserProperties[1] != p.UserProperties[1] || q.UserProperties[2] != p.UserProperties[2] {
		t.Errorf("got %+v", m.Properties)
	}
	for name, p := range map[string]mqtt.Properties{
		"response topic with wildcard": {ResponseTopic: "a/#"},
		"NUL in content type":          {ContentType: "\x00"},
		"ill-formed user property":     {UserProperties: []mqtt.UserProperty{{Name: "\xff"}}},
	} {
		if err := s.Publish(context.Background(), mqtt.Message{Topic: "t", Properties: &p}); !errors.Is(err, mqtt.ErrNotSent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
