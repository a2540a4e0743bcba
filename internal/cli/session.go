package cli

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/connect"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
	_ "dunlin/mqtt/dial/ws" // for ws and wss in -L; scripts give no URL
)

// envURL names the URL that holds where no option says where the broker is.
const envURL = "$MQTT_URL"

// goodbye bounds the clean end of a connection after Ctrl-C or a time-out.
const goodbye = 3 * time.Second

// errLost: the connection ended and nobody here had asked for it.
var errLost = errors.New("connection lost")

// session holds the options that pub and sub share: where the broker is, and who
// connects.
type session struct {
	host, url              string
	cafile, cert, key      string
	alpn                   []string
	port                   int64
	id, username, password string
	qos                    int64
	protocol               string
	debug                  bool

	urlFrom  string // what gave the URL: -L or the environment
	urlTopic string // the topic that the URL ended with
	passFrom string // what gave the password; empty: there is none

	version mqtt.Version // that protocol names

	properties connect.Properties // of -D, --property and --user-property, for all packets

	once, reconnect bool
}

// versions are the names of versions, ours and those of Mosquitto's commands.
var versions = map[string]mqtt.Version{
	"auto": mqtt.VersionAuto,
	"5":    mqtt.V5, "mqttv5": mqtt.V5,
	"3.1.1": mqtt.V311, "311": mqtt.V311, "mqttv311": mqtt.V311,
	"3.1": mqtt.V31, "31": mqtt.V31, "mqttv31": mqtt.V31,
}

// bind adds the options to a command.
func (s *session) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&s.host, "host", "h", "localhost", "broker's host name or address")
	f.Int64VarP(&s.port, "port", "p", 0, "broker's port (default 1883, with TLS 8883)")
	f.StringVarP(&s.url, "url", "L", "", "broker and topic as mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][/TOPIC], or\n"+
		"broker alone, over WebSocket, as ws[s]://[USER[:PASSWORD]@]HOST[:PORT][/PATH], without\n"+
		"PATH it is "+dial.DefaultPath+" (default $MQTT_URL, whose TOPIC gives way to any other)")
	f.StringVar(&s.cafile, "cafile", "", "use TLS and trust the authorities in this PEM file (default $MQTT_CAFILE)")
	f.StringVar(&s.cert, "cert", "", "use TLS and show this certificate, a PEM file")
	f.StringVar(&s.key, "key", "", "key of --cert, a PEM file that is not encrypted (default: in the file of --cert)")
	f.StringSliceVar(&s.alpn, "tls-alpn", nil, "use TLS and offer these protocols by ALPN, as clouds want at port 443")
	f.StringVarP(&s.username, "username", "u", "", "user name (default $MQTT_USERNAME)")
	f.StringVarP(&s.password, "pw", "P", "", "password, seen by all users of this machine (default $MQTT_PASSWORD)")
	f.StringVarP(&s.id, "id", "i", "", "client identifier (default: chosen by the broker)")
	f.StringVarP(&s.protocol, "protocol-version", "V", "auto", "version of MQTT: 5, 3.1.1 or 3.1; auto tries 5, then 3.1.1")
	f.BoolVarP(&s.debug, "debug", "d", false, "say on stderr which packets are sent and received")
}

// bindQoS adds -q to a command that publishes or subscribes.
func (s *session) bindQoS(cmd *cobra.Command) {
	cmd.Flags().Int64VarP(&s.qos, "qos", "q", 0, "quality of service: 0, 1 or 2")
}

// bindReconnect adds the options of a command that a person leaves running. With them connect goes on when
// the connection is lost, and says so on stderr, unless the options or stayOnce say otherwise.
func (s *session) bindReconnect(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&s.once, "once", false, "end when the connection is lost")
	s.reconnect = true
}

// stayOnce has a command that could reconnect not do so in this run, as pub without -l, unless the options
// ask for it. It is called after complete and before connect.
func (s *session) stayOnce() {}

// complete checks the options, fills in what the environment says, and returns args without the URL that
// may be their first.
func (s *session) complete(a *app, cmd *cobra.Command, args []string) (rest []string, err error) {
	return args, s.completeOptions(a, cmd)
}

func (s *session) completeOptions(a *app, cmd *cobra.Command) error {
	flags := cmd.Flags()
	if err := checkNumbers(cmd); err != nil {
		return err
	}
	if err := s.completeWords(cmd.Name()); err != nil {
		return err
	}
	here := flags.Changed("host") || flags.Changed("port")
	if here && flags.Changed("url") {
		return usagef("%s: -L says where the broker is; leave out -h and -p", cmd.Name())
	}
	s.urlFrom = "-L"
	if s.url == "" && !here {
		s.url, s.urlFrom = a.Getenv("MQTT_URL"), envURL
	}
	s.username = cmp.Or(s.username, a.Getenv("MQTT_USERNAME"))
	s.cafile = cmp.Or(s.cafile, a.Getenv("MQTT_CAFILE"))
	if flags.Changed("pw") {
		s.passFrom = "-P"
	} else if password := a.Getenv("MQTT_PASSWORD"); password != "" {
		s.password, s.passFrom = password, "$MQTT_PASSWORD"
	}
	if s.url == "" {
		s.url = s.hostURL()
	} else if err := s.splitURL(cmd.Name()); err != nil {
		return err
	}
	if s.passFrom != "" && s.username == "" && s.version != mqtt.V5 {
		return usagef("%s: %s needs -u", cmd.Name(), s.passFrom)
	}
	return nil
}

// completeWords checks what is given as a word: the version, the client identifier that it needs, and the key
// of a certificate.
func (s *session) completeWords(command string) error {
	var known bool
	if s.version, known = versions[strings.ToLower(s.protocol)]; !known {
		return usagef("%s: -V %q is not auto, 5, 3.1.1 or 3.1", command, s.protocol)
	}
	if s.version == mqtt.V31 && s.id == "" {
		return usagef("%s: -V 3.1 needs -i: before MQTT 3.1.1 no broker chooses the client identifier", command)
	}
	if s.key != "" && s.cert == "" {
		return usagef("%s: --key needs --cert", command)
	}
	return nil
}

// hostURL returns -h and -p as a URL. As with Mosquitto, port 8883 means TLS.
func (s *session) hostURL() string {
	scheme, port := "mqtt", s.port
	if s.tlsOption() != "" || port == 8883 {
		scheme = "mqtts"
	}
	host := strings.Trim(s.host, "[]")
	if port == 0 {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.FormatInt(port, 10))
}

// tlsOption returns the option that asks for TLS, or "".
func (s *session) tlsOption() string {
	switch {
	case s.cafile != "":
		return "--cafile"
	case s.cert != "":
		return "--cert"
	case s.key != "":
		return "--key"
	case len(s.alpn) > 0:
		return "--tls-alpn"
	}
	return ""
}

// isDefault reports whether the topic of the URL gives way to others: that of the
// environment does.
func (s *session) isDefault() bool { return s.urlFrom == envURL }

// splitURL takes user, password and topic out of the URL.
func (s *session) splitURL(command string) error {
	typed := s.url
	if !strings.Contains(s.url, "://") {
		s.url = "mqtt://" + s.url
	}
	address, err := dial.ParseAddress(s.url)
	if err != nil {
		return usagef("%s: %s: %s", command, s.urlFrom, asTyped(err, s.url, typed))
	}
	u, err := url.Parse(s.url)
	if err != nil {
		return usagef("%s: %s cannot be read", command, s.urlFrom) // the error would show the password
	}
	if u.User != nil {
		s.username = cmp.Or(s.username, u.User.Username())
		if password, ok := u.User.Password(); ok && s.passFrom == "" {
			s.password, s.passFrom = password, "the password in "+s.urlFrom
		}
	}
	u.User = nil
	if address.Scheme == "mqtt" || address.Scheme == "mqtts" { // of the others the path is a part of the way
		s.urlTopic = strings.TrimPrefix(u.Path, "/")
		u.Path = ""
	}
	if option := s.tlsOption(); option != "" && (address.Scheme == "mqtt" || address.Scheme == "ws") {
		return usagef("%s: %s needs TLS, but %s has the scheme %s; write %ss", command, option, s.urlFrom, u.Scheme, address.Scheme)
	}
	s.url = u.String()
	return nil
}

// asTyped returns what is wrong with a URL, and shows it as it was typed where err
// shows it as it was understood. Where err hides a password or a query it stays so:
// then the two are not the same.
func asTyped(err error, raw, typed string) string {
	u, unread := url.Parse(raw)
	if unread != nil {
		return err.Error()
	}
	return strings.Replace(err.Error(), strconv.Quote(u.String()), strconv.Quote(typed), 1)
}

// connect opens the connection, with the callbacks of cfg, and the session.
func (s *session) connect(ctx context.Context, a *app, cfg mqtt.Config) (*mqtt.Client, error) {
	if s.debug {
		cfg.OnPacket = func(p mqtt.TracedPacket) { a.note("%s", p) }
	}
	cfg.Version, cfg.ClientID, cfg.Username = s.version, s.id, s.username
	if s.passFrom != "" {
		cfg.Password = []byte(s.password)
	}
	if err := s.secure(&cfg); err != nil {
		return nil, err
	}
	client, err := mqtt.Dial(ctx, s.url, cfg)
	if err == nil {
		return client, nil
	}
	if f := classify(err); f == nil || f.status == ExitLost { // the transport stood, but no session came about
		return nil, &failure{status: ExitUnreachable, err: err, hint: "is that port an MQTT broker's?"}
	}
	return nil, err
}

// secure puts what the options say of TLS into cfg.
func (s *session) secure(cfg *mqtt.Config) error {
	if s.tlsOption() == "" {
		return nil
	}
	conf, err := dial.TLS{CertFile: s.cert, KeyFile: s.key, ALPN: s.alpn}.Config()
	if err != nil {
		return failf("%w", err)
	}
	if s.cafile != "" {
		if conf.RootCAs, err = loadAuthorities(s.cafile); err != nil {
			return err
		}
	}
	cfg.Transport.TLS = conf
	return nil
}

// close says DISCONNECT, within a time that a person waits. A connection that
// cannot be ended cleanly is cut, and there is nothing more to do about it.
func (s *session) close(client *mqtt.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	_ = client.Close(ctx)
}

func loadAuthorities(path string) (*x509.CertPool, error) {
	blocks, err := os.ReadFile(path)
	if err != nil {
		return nil, failf("--cafile: %w", err)
	}
	pool := x509.NewCertPool()
	if err := dial.AddCertificates(pool, blocks); err != nil {
		return nil, failf("--cafile %s: %w", path, err)
	}
	return pool, nil
}
