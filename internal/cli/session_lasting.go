package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"dunlin/mqtt"
)

// sessionOfRun is for how long a broker keeps the session of a run whose connection is lost.
const sessionOfRun = time.Hour

// outlive decides whether the session is to outlive a connection that is lost, so that messages of QoS 1 and 2, of
// which reliable tells, are not lost or in doubt. A broker before MQTT 5 would keep it for good, and one that the
// options ask for lasts as they say. It is called after complete and before connect.
func (s *session) outlive(reliable bool) {
	s.outlives = reliable && s.reconnect && !s.keepSession && s.expiry == "" && s.properties.Connect.SessionExpiry == 0 &&
		(s.version == mqtt.V5 || s.version == mqtt.VersionAuto)
}

// farewell is what the command says at its end: a session that outlived its connections ends with the run.
func (s *session) farewell() mqtt.DisconnectOptions {
	var o mqtt.DisconnectOptions
	if s.properties.Given("disconnect") {
		o = s.properties.Disconnect
	}
	if s.outlives && o.SessionExpiry == nil {
		o.SessionExpiry = new(time.Duration)
	}
	return o
}

// connectLasting connects with a session that MQTT 5 keeps for a while. Where no client identifier is given it
// makes one up, and no session can be there before: the connection need not begin clean then, which Mosquitto
// 2.0 does not save (seen with 2.0.11: such a session is gone when the broker starts again).
func (s *session) connectLasting(ctx context.Context, a *app, cfg mqtt.Config) (*mqtt.Client, error) {
	asked, options, plain := s.version, s.options, cfg
	s.version = mqtt.V5
	if s.id == "" && s.idPrefix == "" {
		s.options.ClientID, s.options.KeepSession = "dunlin-"+rand.Text()[:16], true // 23 letters, which all brokers take
	}
	cfg.Properties.SessionExpiry = sessionOfRun
	client, err := s.dialSession(ctx, a, cfg)
	if asked == mqtt.VersionAuto && err != nil && mayNotSpeak5(err) {
		s.version, s.options = asked, options
		return s.dialSession(ctx, a, plain)
	}
	return client, err
}

// mayNotSpeak5 reports whether the broker did not accept MQTT 5 because it may not know it.
func mayNotSpeak5(err error) bool {
	var refused *mqtt.ConnectError
	if errors.As(err, &refused) {
		return refused.Code == 0x84 || refused.Code == 1 // unsupported version, of MQTT 5 and before
	}
	var silent *mqtt.NoConnAckError
	return errors.As(err, &silent) && len(silent.Answer) == 0 && !errors.Is(err, context.DeadlineExceeded)
}
