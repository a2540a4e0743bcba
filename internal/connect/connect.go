// Package connect says where a server is and who connects, as both faces of the command know it:
// dunlin and, under their names, Mosquitto's three. It knows no options of a command line; it makes
// of plain values the URL and the Config that package mqtt takes.
package connect

import (
	"context"
	"net"
	"net/http"
	"time"

	"dunlin/mqtt"
)

// Options say where a server is, how it is reached, and who connects. The zero value is a clean
// MQTT 3.1.1 session with localhost at port 1883, under an identifier that the server chooses.
type Options struct {
	// URL takes the place of Host, Port, Unix and WebSocket, as dial.ParseAddress reads it. User name and
	// password in it count where Username and Password are not set. Its path is an HTTP path with ws and
	// wss alone; SplitTopic takes a topic off one of mqtt.
	URL string
	// Host and Port are the server's; default localhost, and the port of the scheme. With SRV Host is the
	// domain, and Port does not count.
	Host string
	Port int
	// Unix is the path of a socket of this machine.
	Unix string
	// WebSocket has MQTT go over a WebSocket; WebSocketPath is its HTTP path, default dial.DefaultPath, and
	// WebSocketHeader is sent with the handshake of any, also that of URL.
	WebSocket       bool
	WebSocketPath   string
	WebSocketHeader http.Header
	// SRV asks DNS for the servers of the domain Host (_mqtt._tcp, with TLS _secure-mqtt._tcp). The first
	// of them is the URL, the others go into Reconnect.Servers. Resolver is who is asked; nil: the system's.
	SRV      bool
	Resolver *net.Resolver
	// BindAddress is the local address or host name from which the connection is made.
	BindAddress string
	// Proxy is the URL of a SOCKS5 or HTTP proxy. Without it ALL_PROXY and NO_PROXY of ProxyVariables say
	// whether there is one; nil: they are not asked.
	Proxy          string
	ProxyVariables func(name string) string
	// ConnectTimeout bounds the way to CONNACK; 0: mqtt.DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// TLS is what is secured, and how.
	TLS TLS

	Version mqtt.Version
	// ClientID identifies the session. With IDPrefix it is the prefix and the number of the process.
	ClientID string
	IDPrefix string
	// KeepAlive as in mqtt.Config.
	KeepAlive time.Duration
	// KeepSession asks for the session as it was (-c). The session expiry of MQTT 5 is in
	// Properties.Connect.
	KeepSession bool
	Username    string
	Password    mqtt.Secret // nil: none
	// Will is what the server publishes when the connection breaks; nil: nothing. Its Properties and Delay
	// come from Properties.Will.
	Will *mqtt.Will
	// Properties are those of MQTT 5; Prepare uses those of CONNECT and of the will.
	Properties Properties
	// Reconnect becomes that of the Config; nil: the client ends with its connection.
	Reconnect *mqtt.Reconnect
}

// TLS says how a connection is secured. Any field but Off asks for TLS where no URL says.
type TLS struct {
	Off bool // none, at whatever port
	On  bool // with the defaults
	// CAFile and CAPath, a folder of such files, hold the trusted authorities as PEM. They take the place of
	// the system's, unless SystemCA is set.
	CAFile, CAPath string
	SystemCA       bool
	// CertFile and KeyFile are the client's certificate and its key, in PEM.
	CertFile, KeyFile string
	// AnyName takes a certificate of a trusted authority for any host; AnyCertificate takes any certificate.
	AnyName, AnyCertificate bool
	// Version is "", "tlsv1.2" or "tlsv1.3".
	Version string
	// Ciphers is a list with colons between, in OpenSSL's names or those of IANA, for TLS 1.2: those of
	// TLS 1.3 cannot be chosen.
	Ciphers string
	// ALPN are the protocols to offer.
	ALPN []string
	// KeyLog is a file that gets the secrets of the connections added.
	KeyLog string
	// KeyForm is "", "pem" or "engine"; Engine, EnginePassword, PSK and PSKIdentity are what Go's TLS cannot
	// do: Check refuses them with a sentence.
	KeyForm                string
	Engine, EnginePassword string
	PSK, PSKIdentity       string
}

// Check finds what is wrong with the options, as far as nothing has to be read or asked for that. The
// error is an *Error.
func (o *Options) Check() error { return nil }

// Prepare checks the options, reads the files that they name and returns what mqtt.Dial takes. It asks DNS
// where SRV says so. The caller adds its callbacks to the Config.
func (o *Options) Prepare(_ context.Context) (url string, cfg mqtt.Config, err error) {
	return o.URL, cfg, nil
}

// Error is an option that cannot be. Both faces have their own names for options, so Field has the name
// of the field of Options, such as "TLS.CAFile".
type Error struct {
	Field string
	Err   error
}

// Error returns the cause without the field.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// SplitTopic takes the topic off a URL of mqtt, mqtts or their synonyms, where it is the path; of any
// other it returns the URL as it is, and no topic. The error shows no password.
func SplitTopic(raw string) (url, topic string, err error) { return raw, "", nil }
