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

func TestConnectBytes(t *testing.T) { // CN-01..CN-05, CN-07..CN-09, CN-17, CN-24, TR-15
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

func TestConfigFaultsSendNothing(t *testing.T) { // CN-06, CN-15, CN-16, CN-18, CN-20, CN-24
	long := strings.Repeat("x", 65536)
	for name, cfg := range map[string]mqtt.Config{
		"password without user":  {ClientID: "c", Password: []byte("p")},
		"will without topic":     {ClientID: "c", Will: &mqtt.Will{Message: mqtt.Message{}}},
		"will with wildcard":     {ClientID: "c", Will: &mqtt.Will{Message: mqtt.Message{Topic: "a/+"}}},
		"will with NUL":          {ClientID: "c", Will: &mqtt.Will{Message: mqtt.Message{Topic: "a\x00"}}},
		"will QoS 3":             {ClientID: "c", Will: &mqtt.Will{Message: mqtt.Message{Topic: "a", QoS: 3}}},
		"will too long":          {ClientID: "c", Will: &mqtt.Will{Message: mqtt.Message{Topic: "a", Payload: []byte(long)}}},
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
