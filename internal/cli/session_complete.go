package cli

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/connect"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// complete checks the options, fills in what the environment says, and returns args without the URL that
// may be their first.
func (s *session) complete(a *app, cmd *cobra.Command, args []string) (rest []string, err error) {
	a.quiet = s.quiet
	if err := checkNumbers(cmd); err != nil {
		return nil, err
	}
	if err := checkEmpty(cmd); err != nil {
		return nil, err
	}
	if args, err = s.findURL(a, cmd, args); err != nil {
		return nil, err
	}
	s.useEnvironment(a, cmd)
	for _, step := range []func(*app, *cobra.Command) error{
		s.completeProperties, s.completeWords, s.completePlace, s.completePassword, s.assemble,
	} {
		if err := step(a, cmd); err != nil {
			return nil, err
		}
	}
	if err := s.lasting.complete(cmd); err != nil {
		return nil, err
	}
	s.warn(a, cmd)
	return args, nil
}

// useEnvironment fills in what the environment says and no option.
func (s *session) useEnvironment(a *app, cmd *cobra.Command) {
	t := &s.tls
	if t.CertFile == "" && t.KeyFile == "" {
		t.CertFile, t.KeyFile = a.Getenv("MQTT_CERT"), a.Getenv("MQTT_KEY")
	}
	if !cmd.Flags().Changed("capath") {
		t.CAFile = cmp.Or(t.CAFile, a.Getenv("MQTT_CAFILE"))
	}
	t.KeyLog = cmp.Or(t.KeyLog, a.Getenv("SSLKEYLOGFILE"))
}

// completeWords checks what is given as a word, and the options that need each other.
func (s *session) completeWords(_ *app, cmd *cobra.Command) error {
	command := nameOf(cmd)
	if err := s.completeVersion(command); err != nil {
		return err
	}
	switch {
	case s.id != "" && s.idPrefix != "":
		return usagef("%s: -i and -I are the whole client identifier and the beginning of one; leave out one of them", command)
	case s.keepSession && s.id == "":
		return usagef("%s: -c needs -i: a session is kept under a client identifier", command)
	case strings.Contains(s.host, "@"):
		return usagef("%s: -h %q is no host name; user name and password are for -u and -P, or for a URL", command, s.host)
	case s.srv && !cmd.Flags().Changed("host"):
		return usagef("%s: -S needs the domain as -h", command)
	case s.tls.KeyFile != "" && s.tls.CertFile == "":
		return usagef("%s: --key needs --cert", command)
	case s.insecure != "" && s.insecure != "name" && s.insecure != "all":
		return usagef("%s: --insecure=%s is not name or all", command, s.insecure)
	case s.connectTimeout <= 0:
		return usagef("%s: --connect-timeout %v is not positive", command, s.connectTimeout)
	}
	return s.completeExpiry(command)
}

// completeVersion reads -V. Where it leaves the choice, the other options may want MQTT 5.
func (s *session) completeVersion(command string) error {
	var known bool
	if s.version, known = versions[strings.ToLower(s.protocol)]; !known {
		return usagef("%s: -V %q is not auto, 5, 3.1.1 or 3.1", command, s.protocol)
	}
	wants5 := s.properties.Any() || s.expiry != ""
	switch {
	case wants5 && s.version == mqtt.VersionAuto:
		s.version = mqtt.V5
	case wants5 && s.version != mqtt.V5:
		return usagef("%s: -V %s has no properties and no -x: they need MQTT 5", command, s.protocol)
	case s.version == mqtt.V31 && s.id == "" && s.idPrefix == "":
		return usagef("%s: -V 3.1 needs -i: before MQTT 3.1.1 no broker chooses the client identifier", command)
	}
	return nil
}

// completeExpiry reads -x, and says how long -c has a session kept.
func (s *session) completeExpiry(command string) error {
	seconds := int64(-1)
	switch {
	case s.expiry == "" && !(s.keepSession && s.version == mqtt.V5), s.expiry == "" && s.properties.Connect.SessionExpiry != 0:
		return nil
	case s.expiry == "", s.expiry == "∞", s.expiry == "-1":
	default:
		var err error
		if seconds, err = strconv.ParseInt(s.expiry, 10, 64); err != nil || seconds < 0 || seconds > math.MaxUint32 {
			return usagef("%s: -x %q is not a number of seconds between 0 and 4294967295, or -1 for ever", command, s.expiry)
		}
	}
	s.properties.Connect.SessionExpiry = mqtt.NeverExpires
	if seconds >= 0 {
		s.properties.Connect.SessionExpiry = time.Duration(seconds) * time.Second
	}
	return nil
}

// completePlace reads the URL and takes user, password and topic out of it.
func (s *session) completePlace(a *app, cmd *cobra.Command) error {
	wantsTLS := s.wantsTLS()
	if s.url == "" {
		s.tls.On = wantsTLS != ""
		return nil
	}
	typed := s.url
	if !strings.Contains(s.url, "://") {
		s.url = "mqtt://" + s.url
	}
	address, err := dial.ParseAddress(s.url)
	if err != nil {
		return usagef("%s: %s: %s", nameOf(cmd), s.urlFrom, asTyped(err, s.url, typed))
	}
	s.takeUser(a, address.User)
	s.urlQuery = address.Query != ""
	if s.url, s.urlTopic, err = connect.SplitTopic(s.url); err != nil {
		return usagef("%s: %s: %w", nameOf(cmd), s.urlFrom, err)
	}
	u, err := url.Parse(s.url)
	if err != nil {
		return usagef("%s: %s cannot be read", nameOf(cmd), s.urlFrom) // the error would show the password
	}
	u.User = nil
	s.url = u.String()
	if wantsTLS != "" && !address.TLS && address.Scheme != "unix" {
		if strings.HasPrefix(wantsTLS, "$") { // which is for the brokers that have TLS
			s.tls = connect.TLS{}
			return nil
		}
		return usagef("%s: %s needs TLS, but %s has the scheme %s; write %s", nameOf(cmd), wantsTLS, s.urlFrom, u.Scheme, connect.WithTLS(address.Scheme))
	}
	return nil
}

// wantsTLS returns what asks for TLS, or "".
func (s *session) wantsTLS() string {
	t := &s.tls
	for _, o := range []struct {
		name  string
		given bool
	}{
		{"--tls", t.On},
		{"--cafile", t.CAFile != ""},
		{"--capath", t.CAPath != ""},
		{"--tls-use-os-certs", t.SystemCA},
		{"--cert", t.CertFile != ""},
		{"--key", t.KeyFile != ""},
		{"--tls-alpn", len(t.ALPN) > 0},
		{"--tls-version", t.Version != ""},
		{"--ciphers", t.Ciphers != ""},
		{"--insecure=all", s.insecure == "all"},
	} {
		if o.given && !t.Off {
			return o.name
		}
	}
	return ""
}

// assemble puts the options of the room of connecting together.
func (s *session) assemble(a *app, cmd *cobra.Command) error {
	s.tls.AnyName, s.tls.AnyCertificate = s.insecure == "name", s.insecure == "all"
	keepAlive := time.Duration(s.keepAlive) * time.Second
	if s.keepAlive == 0 {
		keepAlive = -1
	}
	s.options = connect.Options{
		URL: s.url, Unix: s.unix, WebSocket: s.webSocket, SRV: s.srv, BindAddress: s.bindAddress, Nagle: !s.noDelay,
		Proxy: s.proxy, ProxyVariables: a.Getenv, ConnectTimeout: s.connectTimeout, TLS: s.tls, Version: s.version,
		ClientID: s.id, IDPrefix: s.idPrefix, KeepAlive: keepAlive, KeepSession: s.keepSession,
		Username: s.username, Password: s.secret, Properties: s.properties, Servers: s.servers,
	}
	o := &s.options
	if s.url == "" && (s.unix == "" || cmd.Flags().Changed("host")) {
		o.Host, o.Port = s.host, int(s.port)
	}
	if s.unix != "" {
		o.Port = int(s.port)
	}
	if s.webSocket {
		o.WebSocketPath = s.webSocketPath
	}
	var err error
	if o.WebSocketHeader, err = headerFields(nameOf(cmd), s.webSocketHeader); err != nil {
		return err
	}
	if o.Will, err = s.will(nameOf(cmd)); err != nil {
		return err
	}
	if err := o.Check(); err != nil {
		return wrongUse(nameOf(cmd), err)
	}
	s.url = o.Address()
	return nil
}

// will returns what the broker publishes when the connection breaks, or nil.
func (s *session) will(command string) (*mqtt.Will, error) {
	if s.willTopic == "" {
		if s.willPayload != "" || s.willRetain || s.willQoS != 0 || s.properties.Given("will") {
			return nil, usagef("%s: a will needs --will-topic", command)
		}
		return nil, nil // there is none
	}
	w := &mqtt.Will{Message: mqtt.Message{Topic: s.willTopic, Payload: []byte(s.willPayload), QoS: mqtt.QoS(s.willQoS), Retain: s.willRetain}}
	if err := w.Validate(s.version); err != nil {
		return nil, usagef("%s: --will-topic: %w", command, err)
	}
	return w, nil
}

// headerFields reads --ws-header.
func headerFields(command string, fields []string) (http.Header, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	header := http.Header{}
	for _, field := range fields {
		name, value, found := strings.Cut(field, ":")
		if !found || strings.TrimSpace(name) == "" { // which may be a secret that lacks its name
			return nil, usagef("%s: --ws-header is not NAME: VALUE", command)
		}
		header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return header, nil
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
