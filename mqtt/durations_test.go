package mqtt_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
)

func TestLongAndShortDurations(t *testing.T) {
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
