package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/dial"
	"dunlin/mqtt/mqtttest"
)

// TestFaultyConfigurationsSendNothing shows CN-06: CONNECT with a password alone [MQTT-3.1.2-22] of
// 3.1.1; CN-15: longest will payload, and one byte more; CN-16: will that cannot be sent
// [MQTT-3.1.2-14] of 3.1.1; CN-18: empty client identifier, session kept [MQTT-3.1.3-7] of 3.1.1;
// CN-20: identifier or user name that is no text [MQTT-3.1.3-11] of 3.1.1; CN-24: keep alive at its
// bounds.
func TestFaultyConfigurationsSendNothing(t *testing.T) {
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
		"unknown mode":           {ClientID: "c", Mode: mqtt.ModeOff + 1},
		"MQTT 3.1 without id":    {Version: mqtt.V31},
		"ManualAck of nothing":   {ClientID: "c", ManualAck: true},
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

// TestFaultyConfigurationsOfMQTT5 shows CN-16: will that cannot be sent [MQTT-3.1.2-12] of 5;
// CN-20: identifier or user name that is no text [MQTT-3.1.3-12]; CN-22: values that would be
// protocol errors.
func TestFaultyConfigurationsOfMQTT5(t *testing.T) {
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
	_, p := connectOf(t, mqtt.Config{KeepSession: true, Version: mqtt.V5}) // CN-18, empty identifier and session kept: MQTT 5 allows it
	if p.ClientID != "" || p.CleanStart {
		t.Errorf("%+v", p)
	}
	packet, _ := connectOf(t, mqtt.Config{ClientID: "c", Version: mqtt.V5, Password: []byte("p")}) // CN-06, password alone: MQTT 5 allows it
	if packet[9] != 0x42 || !strings.HasSuffix(string(packet), "\x00\x01c\x00\x01p") {
		t.Errorf("% X", packet)
	}
}

func TestErrorsOfTheConfigurationNameTheField(t *testing.T) {
	for want, cfg := range map[string]mqtt.Config{
		"Mode: 3 is no mode": {Mode: mqtt.ModeOff + 1},
		"ClientID: is empty, which MQTT 3.1 does not allow":                                                          {Version: mqtt.V31},
		"ClientID: is empty, and MQTT 3.1.1 keeps a session under a name only":                                       {KeepSession: true},
		"Password: needs a user name before MQTT 5":                                                                  {Password: []byte("p")},
		"Config.ManualAck: is for OnMessage and OnLargeMessage, and there is neither; each Subscription has its own": {ManualAck: true},
		"Version: 7 is not V31, V311, V5 or VersionAuto":                                                             {Version: 7},
	} {
		if err := cfg.Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := openBy(t, mqtt.Config{ManualAck: true}); !wrongArgument(err) {
		t.Errorf("Open: %v", err)
	}
}

// TestModeOffOfAConfig makes no connection, though the mode of the process allows it, and
// sends nothing on one that Open made before.
func TestModeOffOfAConfig(t *testing.T) {
	server := mqtttest.NewServer(t)
	for _, retry := range []*mqtt.Reconnect{nil, {}, {Background: true}} {
		_, err := mqtt.Dial(ctxFor(t), server.URL(), mqtt.Config{Mode: mqtt.ModeOff, Reconnect: retry})
		if !errors.Is(err, mqtt.ErrNotPermitted) {
			t.Errorf("Dial with %+v: %v", retry, err)
		}
	}
	if err := connectBy(t, mqtt.Config{Mode: mqtt.ModeOff}); !errors.Is(err, mqtt.ErrNotPermitted) {
		t.Errorf("Connect: %v", err)
	}
}

// TestValidateRefusesWhatConnectRefuses asks what a connected client says, too: it has to be the
// same.
func TestValidateRefusesWhatConnectRefuses(t *testing.T) {
	s := dialScripted(t, nil) // of MQTT 3.1.1
	user := []mqtt.UserProperty{{Name: "a", Value: "\x00"}}
	for _, m := range []mqtt.Message{
		{},
		{Topic: "a/#"},
		{Topic: "a\x00"},
		{Topic: "a", QoS: 3},
		{Topic: "a", Properties: &mqtt.Properties{}},
		{Topic: "a", Payload: make([]byte, 256<<20)},
	} {
		err := m.Validate(mqtt.V311)
		if said := s.Publish(s.ctx, m); !wrongArgument(err) || said == nil || said.Error() != err.Error() {
			t.Errorf("%.20q: got %v, the client said %v", m.Topic, err, said)
		}
	}
	for _, sub := range []mqtt.Subscription{
		{}, {Filter: "a#"}, {Filter: "$share/g"}, {Filter: "a", QoS: 3}, {Filter: "a", RetainHandling: 3}, {Filter: "a", NoLocal: true},
	} {
		err := sub.Validate(mqtt.V311)
		if said := errorOf(s.Subscribe(s.ctx, sub)); !wrongArgument(err) || said == nil || said.Error() != err.Error() {
			t.Errorf("%q: got %v, the client said %v", sub.Filter, err, said)
		}
	}
	message := mqtt.Message{Topic: "a", QoS: 2, Properties: &mqtt.Properties{UserProperties: user}}
	if err := message.Validate(mqtt.V5); !wrongArgument(err) {
		t.Errorf("a user property with U+0000: got %v", err)
	}
	subscription := mqtt.Subscription{Filter: "a/+/#", QoS: 2, NoLocal: true, UserProperties: user}
	if err := subscription.Validate(mqtt.V5); !wrongArgument(err) {
		t.Errorf("a user property with U+0000: got %v", err)
	}
	message.Properties.UserProperties, subscription.UserProperties = nil, nil
	if err := errors.Join(message.Validate(mqtt.V5), subscription.Validate(mqtt.V5)); err != nil {
		t.Errorf("nothing is wrong, but: %v", err)
	}
}

func wrongArgument(err error) bool {
	var wrong *mqtt.ArgumentError
	return errors.As(err, &wrong)
}

func TestDurationsAreRoundedToWhatThePacketHolds(t *testing.T) {
	for expiry, want := range map[time.Duration]string{
		math.MaxInt64: "11ffffffff", mqtt.NeverExpires: "11ffffffff", time.Millisecond: "1100000001", time.Hour: "1100000e10",
	} {
		packet, _ := connectOf(t, mqtt.Config{ClientID: "c", Version: mqtt.V5, Properties: mqtt.ConnectProperties{SessionExpiry: expiry}})
		if !strings.Contains(hexOf(packet), want) {
			t.Errorf("%v: % X", expiry, packet)
		}
	}
}

func TestNegativeDurationsAreRefused(t *testing.T) {
	negative := -time.Second
	for name, cfg := range map[string]mqtt.Config{
		"session expiry": {Properties: mqtt.ConnectProperties{SessionExpiry: negative}},
		"will delay":     {Will: &mqtt.Will{Message: mqtt.Message{Topic: "w"}, Delay: negative}},
		"will expiry":    {Will: &mqtt.Will{Message: mqtt.Message{Topic: "w", Properties: &mqtt.Properties{MessageExpiry: &negative}}}},
	} {
		cfg.Version = mqtt.V5
		if err := cfg.Validate(); !errors.Is(err, mqtt.ErrNotSent) || !strings.Contains(err.Error(), "is negative") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := dialV5(t, "", nil)
	if err := s.Publish(s.ctx, mqtt.Message{Topic: "t", Properties: &mqtt.Properties{MessageExpiry: &negative}}); err == nil {
		t.Error("published with a negative expiry")
	}
	if err := s.CloseWith(context.Background(), mqtt.DisconnectOptions{SessionExpiry: &negative}); err == nil {
		t.Error("closed with a negative expiry")
	}
}

// TestNegativeLimitsAreRefused: a negative limit would block for ever.
func TestNegativeLimitsAreRefused(t *testing.T) {
	for name, l := range map[string]mqtt.Limits{
		"SendBytes":       {SendBytes: -1},
		"ReceiveMessages": {ReceiveMessages: -1},
		"ReceiveBytes":    {ReceiveBytes: -1},
		"PingTimeout":     {PingTimeout: -1},
		"InFlight":        {InFlight: -1},
	} {
		cfg := mqtt.Config{ClientID: "c", Limits: l}
		var arg *mqtt.ArgumentError
		if err := cfg.Validate(); !errors.As(err, &arg) || arg.Name != "Limits."+name {
			t.Errorf("%s: %v", name, err)
		}
	}
	var arg *mqtt.ArgumentError
	if _, err := mqtt.Open(ctxFor(t), "mqtt://127.0.0.1:1", mqtt.Config{Transport: mqtt.Transport{MaxPacket: -1}}); !errors.As(err, &arg) || arg.Name != "Transport.MaxPacket" {
		t.Errorf("MaxPacket: %v", err)
	}
}

// TestNothingTellsCredentials collects all that a client with credentials in its URL says:
// its name of the server, its errors, events and log.
func TestNothingTellsCredentials(t *testing.T) {
	const user, password, token = "the-user", "the-password", "the-token"
	for name, url := range map[string]string{
		"TCP":       "mqtt://" + user + ":" + password + "@one:1883",
		"WebSocket": "ws://" + user + ":" + password + "@one/path?signature=" + token,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said notes
				say := func(v ...any) { _, _ = fmt.Fprintln(&said, v...) }
				s := newLasting(t, mqtt.V5, func(cfg *mqtt.Config) { logEverything(cfg, &said, say) })
				dialBlocked(t, s, url, say)
				s.net.refuses(nobody)
				_, err := mqtt.Dial(s.ctx, url, s.cfg)
				say(err)
				s.net.refuses(nil)
				s.cfg.Reconnect.Background = true
				c, err := mqtt.Dial(s.ctx, url, s.cfg)
				must(t, err)
				say(c.Remote())
				for _, answer := range []string{"20 03 00 88 00", "20 03 000000", ""} {
					conn := s.net.accept()
					p := conn.Packet()
					if !bytes.Contains(p, []byte(password)) {
						t.Errorf("logged in with % X", p)
					}
					if answer == "" {
						conn.Close()
						continue
					}
					conn.Send(answer)
					synctest.Wait()
					conn.Close()
				}
				synctest.Wait()
				say(c.Remote(), c.Err(), c.Publish(over(), mqtt.Message{Topic: "t"}))
				say(c.Close(over()))
				say(c.Remote(), c.Err(), c.Close(s.ctx))
				for _, secret := range []string{user, password, token} {
					for line := range strings.Lines(said.String()) {
						if strings.Contains(line, secret) {
							t.Errorf("%q is in %q", secret, line)
						}
					}
				}
				if !strings.Contains(said.String(), "one:") {
					t.Errorf("nobody names the server: %s", said.String())
				}
			})
		})
	}
}

// notes holds what several goroutines write.
type notes struct {
	mu   sync.Mutex
	text strings.Builder
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(b)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// logEverything has all that a client tells go to said.
func logEverything(cfg *mqtt.Config, said *notes, say func(...any)) {
	cfg.Transport.Logger = slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.Transport.WebSocket = func(_ context.Context, conn net.Conn, _ dial.Address) (net.Conn, error) { return conn, nil }
	cfg.OnConnect = func(c *mqtt.Client) { say(c.Remote()) }
	cfg.OnDisconnect = func(err error) { say("disconnect", err) }
	cfg.OnRetry = func(r mqtt.Retry) { say("retry", r.Err) }
	cfg.OnError = func(err error) { say("error", err) }
}

// dialBlocked closes a client whose first attempt does not return.
func dialBlocked(t *testing.T, s *lasting, url string, say func(...any)) {
	t.Helper()
	release := make(chan struct{})
	cfg := s.cfg
	cfg.Reconnect = &mqtt.Reconnect{Background: true}
	cfg.Transport.Dial = func(context.Context, string, string) (net.Conn, error) {
		<-release
		return nil, nobody("")
	}
	c, err := mqtt.Dial(s.ctx, url, cfg)
	must(t, err)
	synctest.Wait()
	ctx, cancel := context.WithTimeout(s.ctx, time.Second)
	defer cancel()
	say(c.Remote(), c.Close(ctx))
	close(release)
	must(t, c.Close(s.ctx))
}
