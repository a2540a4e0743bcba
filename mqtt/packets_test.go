package mqtt_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

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
	messages := []mqtt.Message{
		{Topic: ""},
		{Topic: "a/+"},
		{Topic: "#"},
		{Topic: "a\x00b"},
		{Topic: "a\xed\xa0\x80"},
		{Topic: strings.Repeat("x", 65536)},
		{Topic: "t", QoS: 3},
		{Topic: "t", Payload: make([]byte, 268_435_455)},
		{Topic: "t", Properties: &mqtt.Properties{ContentType: "x"}},
	}
	for range 2 { // the second time after a good message to t
		for i := range 2 * len(messages) {
			m := messages[i/2] // each twice: one that was refused is not remembered as good
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
		"wildcard":     errorOf(c.Subscribe(ctx, mqtt.Subscription{Filter: "a/+"})),
		"shared":       errorOf(c.Subscribe(ctx, mqtt.Subscription{Filter: "$share/g/a"})),
		"several call": errorOf(c.Subscribe(ctx, mqtt.Subscription{Filter: strings.Repeat("a", 40)})),
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
