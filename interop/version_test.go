package interop

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
)

// TestVersionAuto: VersionAuto comes to the newest version that each server speaks, keeps it when
// the connection is lost, and a message and a kept session go through in it.
func TestVersionAuto(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := &rig{server: &s, url: s.start(t), version: mqtt.VersionAuto, corner: "version"}
			if err := r.run(t, caseLimit, func(r *rig) { comesToTheNewest(r, slices.Max(s.versions)) }); err != nil {
				t.Error(err)
			}
		})
	}
}

func comesToTheNewest(r *rig, want mqtt.Version) {
	var asked []mqtt.Version
	back := make(chan struct{}, 10)
	p := r.dial(func(cfg *mqtt.Config) {
		cfg.KeepSession = true
		cfg.Reconnect = &mqtt.Reconnect{MaxDelay: 100 * time.Millisecond, QuarantineAfter: time.Second}
		cfg.OnConnect = func(*mqtt.Client) { back <- struct{}{} }
		cfg.OnPacket = func(p mqtt.TracedPacket) {
			if p.Type() == "CONNECT" {
				asked = append(asked, p.Version)
			}
		}
	})
	<-back
	same(r, "version", p.ConnAck().Version, want)
	p.subscribe("a", 1)
	p.cut()
	select {
	case <-back:
	case <-r.ctx.Done():
		r.failf("does not come back")
	}
	same(r, "version after a loss", p.ConnAck().Version, want)
	p.sessionPresent(true, "after a loss")
	p.publish("a", "x", 1)
	if m := p.next(); string(m.Payload) != "x" {
		r.failf("got %s", r.show(m))
	}
	p.close()
	expected := []mqtt.Version{mqtt.V5, mqtt.V5}
	if want < mqtt.V5 {
		expected = []mqtt.Version{mqtt.V5, want, want}
	}
	if r.server.closesAt5 { // which may be for another reason, the first time
		expected = []mqtt.Version{mqtt.V5, want, mqtt.V5, want}
	}
	if !slices.Equal(asked, expected) {
		r.failf("asked for %v, want %v", asked, expected)
	}
}

// TestErrorsBeforeConnAckOfServers: each server, met with a version that it does not speak and with
// TLS where it has none, gives an error that says what to try.
func TestErrorsBeforeConnAckOfServers(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			url := s.start(t)
			for _, v := range allVersions {
				if slices.Contains(s.versions, v) {
					continue
				}
				err := refusal(t, url, v)
				if !strings.Contains(err.Error(), "not speak MQTT "+v.String()) || !strings.Contains(err.Error(), "try 3.1.1") {
					t.Errorf("MQTT %v: %v", v, err)
				}
			}
			secure := strings.Replace(url, "mqtt://", "mqtts://", 1)
			if err := refusal(t, secure, mqtt.V311); !strings.Contains(err.Error(), "use mqtt in the place of mqtts") {
				t.Errorf("TLS: %v", err)
			}
		})
	}
}

// refusal returns why a connection does not come about.
func refusal(t *testing.T, url string, v mqtt.Version) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), caseLimit)
	defer cancel()
	client, err := mqtt.Dial(ctx, url, mqtt.Config{ClientID: "refused", Version: v})
	if err == nil {
		_ = client.Close(ctx)
		return errors.New("connected")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than a line: %v", err)
	}
	return err
}
