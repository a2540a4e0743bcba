package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// versions are the names of versions, ours and those of Mosquitto's commands.
var versions = map[string]mqtt.Version{
	"auto": mqtt.VersionAuto,
	"5":    mqtt.V5, "mqttv5": mqtt.V5,
	"3.1.1": mqtt.V311, "4": mqtt.V311, "311": mqtt.V311, "mqttv311": mqtt.V311,
	"3.1": mqtt.V31, "31": mqtt.V31, "mqttv31": mqtt.V31,
}

// bind adds the options of connecting to a command.
func (s *session) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	s.place.bind(f)
	s.security.bind(f)
	s.identity.bind(f)
	f.StringArrayVarP(&s.propertyWords, "property", "D", nil,
		"property of MQTT 5, as -D COMMAND NAME VALUE, or COMMAND:NAME=VALUE; COMMAND is connect, publish,\n"+
			"subscribe, unsubscribe, disconnect or will; user-property has a name and a value; many times")
	f.StringArrayVar(&s.userWords, "user-property", nil,
		"user property NAME=VALUE of what the command sends: a message, a subscribe or a CONNECT; many times")
	f.BoolVarP(&s.debug, "debug", "d", false, "say on stderr which packets are sent and received")
	f.BoolVar(&s.quiet, "quiet", false, "write nothing to stderr")
}

// bindQoS adds -q to a command that publishes or subscribes.
func (s *session) bindQoS(cmd *cobra.Command) {
	cmd.Flags().Int64VarP(&s.qos, "qos", "q", 0, "quality of service: 0, 1 or 2")
}

func (p *place) bind(f *pflag.FlagSet) {
	f.StringVarP(&p.host, "host", "h", "localhost", "broker's host name or address")
	f.Int64VarP(&p.port, "port", "p", 0, "broker's port (default 1883, with TLS 8883; WebSocket 80 and 443)")
	f.StringVarP(&p.url, "url", "L", "", "broker and topic as mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][/TOPIC], or\n"+
		"broker alone, over WebSocket, as ws[s]://[USER[:PASSWORD]@]HOST[:PORT][/PATH], without\n"+
		"PATH it is "+dial.DefaultPath+"; mqtt[s]+srv://DOMAIN[/TOPIC] as -S (default: a URL as first argument, then $MQTT_URL, whose TOPIC gives way\nto any other)")
	f.StringVar(&p.unix, "unix", "", "broker's socket on this machine, a path")
	f.BoolVar(&p.webSocket, "ws", false, "use MQTT over WebSocket")
	f.StringVar(&p.webSocketPath, "ws-path", dial.DefaultPath, "HTTP path of --ws")
	f.StringArrayVar(&p.webSocketHeader, "ws-header", nil, "HTTP header field NAME: VALUE for the WebSocket's handshake; many times")
	f.BoolVarP(&p.srv, "srv", "S", false, "ask DNS which servers the domain -h has (SRV records of _mqtt._tcp, or _secure-mqtt._tcp)")
	f.StringVarP(&p.bindAddress, "bind-address", "A", "", "connect from this address or host name of this machine")
	f.StringVar(&p.proxy, "proxy", "", "go through this proxy, socks5h://[USER[:PASSWORD]@]HOST[:PORT], or http or https in the\nplace of socks5h (default $ALL_PROXY, unless $NO_PROXY has the host)")
	f.BoolVar(&p.noDelay, "nodelay", true, "send small packets at once, without Nagle's algorithm")
	f.DurationVar(&p.connectTimeout, "connect-timeout", mqtt.DefaultConnectTimeout, "longest time for a connection to come about")
}

func (s *security) bind(f *pflag.FlagSet) {
	t := &s.tls
	f.BoolVar(&t.On, "tls", false, "use TLS, as another option of TLS or port 8883 has it, too")
	f.BoolVar(&t.Off, "no-tls", false, "use no TLS, not at port 8883 either")
	f.StringVar(&t.CAFile, "cafile", "", "use TLS and trust the authorities in this PEM file (default $MQTT_CAFILE)")
	f.StringVar(&t.CAPath, "capath", "", "use TLS and trust the authorities in the PEM files of this folder")
	f.BoolVar(&t.SystemCA, "tls-use-os-certs", false, "use TLS and trust the system's authorities, also beside --cafile and --capath")
	f.StringVar(&t.CertFile, "cert", "", "use TLS and show this certificate, a PEM file (default $MQTT_CERT)")
	f.StringVar(&t.KeyFile, "key", "", "key of --cert, a PEM file that is not encrypted (default: $MQTT_KEY, or in the file of --cert)")
	f.StringVar(&s.insecure, "insecure", "", "do not check whose the server's certificate is; with --insecure=all take any certificate")
	f.Lookup("insecure").NoOptDefVal = "name"
	f.StringVar(&t.Version, "tls-version", "", "use TLS of this version alone: tlsv1.2 or tlsv1.3")
	f.StringVar(&t.Ciphers, "ciphers", "", "use TLS and of TLS 1.2 these ciphers alone, in OpenSSL's names with colons between")
	f.StringSliceVar(&t.ALPN, "tls-alpn", nil, "use TLS and offer these protocols by ALPN, as clouds want at port 443")
	f.StringVar(&t.KeyLog, "tls-keylog", "", "add the secrets of TLS to this file, for who reads the traffic (default $SSLKEYLOGFILE)")
	f.StringVar(&t.KeyForm, "keyform", "", "form of --key: pem")
	for name, to := range map[string]*string{"psk": &t.PSK, "psk-identity": &t.PSKIdentity, "tls-engine": &t.Engine, "tls-engine-kpass-sha1": &t.EnginePassword} {
		f.StringVar(to, name, "", "not possible here")
		f.Lookup(name).Hidden = true
	}
}

func (i *identity) bind(f *pflag.FlagSet) {
	i.bindLogin(f)
	f.StringVarP(&i.id, "id", "i", "", "client identifier (default: chosen by the broker)")
	f.StringVarP(&i.idPrefix, "id-prefix", "I", "", "client identifier of this and the number of the process")
	f.StringVarP(&i.protocol, "protocol-version", "V", "auto", "version of MQTT: 5, 3.1.1 or 3.1; auto tries 5, then 3.1.1; properties and -x mean 5")
	f.Int64VarP(&i.keepAlive, "keepalive", "k", 60, "longest silence in seconds before a ping; 0: no pings")
	f.BoolVarP(&i.keepSession, "disable-clean-session", "c", false, "go on with the session of -i, and have the broker keep it")
	f.StringVarP(&i.expiry, "session-expiry-interval", "x", "", "seconds for which the broker keeps the session in MQTT 5; -1: for ever (default: with -c for ever, else 0)")
	i.bindWill(f)
}

// bindWill adds the options of the will, for commands with many clients, too.
func (i *identity) bindWill(f *pflag.FlagSet) {
	f.StringVar(&i.willTopic, "will-topic", "", "topic of the will, which the broker publishes when the connection breaks")
	f.StringVar(&i.willPayload, "will-payload", "", "message of the will (default: an empty one)")
	f.Int64Var(&i.willQoS, "will-qos", 0, "quality of service of the will: 0, 1 or 2")
	f.BoolVar(&i.willRetain, "will-retain", false, "have the broker keep the will for later subscribers")
}

// bindLogin adds the options of who connects, for commands with many clients, too.
func (i *identity) bindLogin(f *pflag.FlagSet) {
	f.StringVarP(&i.username, "username", "u", "", "user name (default $MQTT_USERNAME)")
	f.StringVarP(&i.password, "pw", "P", "", "password, seen by all users of this machine; an empty one is asked for, on a terminal\n(default $MQTT_PASSWORD)")
	f.StringVar(&i.passwordFile, "password-file", "", "file whose first line is the password (default $MQTT_PASSWORD_FILE)")
	f.BoolVar(&i.askPassword, "ask-password", false, "ask for the password on the terminal")
}
