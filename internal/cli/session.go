package cli

import (
	"cmp"
	"context"
	"errors"
	"time"

	"dunlin/internal/connect"
	"dunlin/mqtt"
)

// envURL names the URL that holds where no option says where the broker is.
const envURL = "$MQTT_URL"

// goodbye bounds the clean end of a connection after Ctrl-C or a time-out.
const goodbye = 3 * time.Second

// errLost: the connection ended and nobody here had asked for it.
var errLost = errors.New("connection lost")

// session holds the options that all commands share which connect to a broker: where it is, who connects,
// and how. A command calls bind, and in its run complete, connect and close.
type session struct {
	place
	security
	identity

	qos   int64
	debug bool
	quiet bool

	version    mqtt.Version       // that -V names, or that the other options want
	properties connect.Properties // of -D, --property and --user-property, for all packets
	options    connect.Options    // what complete made of all that

	lasting
}

// place says where the broker is, and how it is reached.
type place struct {
	url                string // after complete: without user name, password and topic
	host               string
	port               int64
	unix               string
	webSocket          bool
	webSocketPath      string
	webSocketHeader    []string
	srv                bool
	bindAddress, proxy string
	noDelay            bool
	connectTimeout     time.Duration

	urlFrom  string // what gave the URL: -L, the first argument or the environment
	urlTopic string // the topic that the URL ended with
	urlQuery bool   // it has a query, which may be a secret
}

// security says what of TLS is wanted.
type security struct {
	tls      connect.TLS
	insecure string // "", "name" or "all"
}

// identity says who connects, and what becomes of the session.
type identity struct {
	id, idPrefix, protocol   string
	username, password       string
	passwordFile             string
	askPassword              bool
	keepAlive                int64
	keepSession              bool
	expiry                   string
	willTopic, willPayload   string
	willQoS                  int64
	willRetain               bool
	propertyWords, userWords []string

	secret   mqtt.Secret // the password; nil: there is none
	passFrom string      // what gave it; empty: there is none
}

// isDefault reports whether the topic of the URL gives way to others: that of the
// environment does.
func (s *session) isDefault() bool { return s.urlFrom == envURL }

// connect opens the connection, with the callbacks and limits of cfg, and the session, which outlives the
// connection where outlive was called. Where the command goes on after a lost connection, cfg.OnDisconnect is
// called at each loss all the same, and Client.Done tells the end of all.
func (s *session) connect(ctx context.Context, a *app, cfg mqtt.Config) (*mqtt.Client, error) {
	if s.outlives {
		return s.connectLasting(ctx, a, cfg)
	}
	return s.dialSession(ctx, a, cfg)
}

// dialSession opens the connection and the session as the options say.
func (s *session) dialSession(ctx context.Context, a *app, cfg mqtt.Config) (*mqtt.Client, error) {
	s.options.Version = s.version
	if s.reconnect && cfg.Reconnect == nil {
		s.options.Reconnect = s.lasting.policy()
	}
	url, prepared, err := s.options.Prepare(ctx)
	if err != nil {
		return nil, optionFailure(err)
	}
	join(&cfg, &prepared)
	if s.debug {
		cfg.OnPacket = func(p mqtt.TracedPacket) { a.note("%s", p) }
	}
	if s.reconnect {
		s.tell(a, &cfg)
	}
	client, err := mqtt.Dial(ctx, url, cfg)
	if err == nil && cfg.Reconnect != nil && cfg.Reconnect.Background {
		err = client.AwaitConnected(ctx)
	}
	if err == nil {
		return client, nil
	}
	if client != nil {
		s.close(client)
	}
	if f := classify(err); f == nil || f.status == ExitLost { // the transport stood, but no session came about
		return nil, &failure{status: ExitUnreachable, err: err, hint: "is that port an MQTT broker's?"}
	}
	return nil, err
}

// join adds to cfg what the options of the session say.
func join(cfg, options *mqtt.Config) {
	cfg.Version, cfg.ClientID, cfg.KeepSession, cfg.KeepAlive = options.Version, options.ClientID, options.KeepSession, options.KeepAlive
	cfg.Username, cfg.Password, cfg.Will, cfg.Auth = options.Username, options.Password, options.Will, options.Auth
	expiry := cmp.Or(options.Properties.SessionExpiry, cfg.Properties.SessionExpiry)
	cfg.Properties = options.Properties
	cfg.Properties.SessionExpiry = expiry
	cfg.Limits.ReceiveMaximum = cmp.Or(options.Limits.ReceiveMaximum, cfg.Limits.ReceiveMaximum)
	cfg.Limits.TopicAliases = cmp.Or(options.Limits.TopicAliases, cfg.Limits.TopicAliases)
	cfg.Reconnect = cmp.Or(cfg.Reconnect, options.Reconnect)
	packet := cmp.Or(options.Transport.MaxPacket, cfg.Transport.MaxPacket)
	cfg.Transport = options.Transport
	cfg.Transport.MaxPacket = packet
}

// close says DISCONNECT, within a time that a person waits. A connection that
// cannot be ended cleanly is cut, and there is nothing more to do about it.
func (s *session) close(client *mqtt.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if (s.properties.Given("disconnect") || s.outlives) && client.ConnAck().Version == mqtt.V5 {
		_ = client.CloseWith(ctx, s.farewell())
		return
	}
	_ = client.Close(ctx)
}
