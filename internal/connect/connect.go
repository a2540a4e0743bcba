// Package connect says where a server is and who connects, as both faces of the command know it:
// dunlin and, under their names, Mosquitto's three. It knows no options of a command line; it makes
// of plain values the URL and the Config that package mqtt takes.
package connect

import (
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
	// SRV has DNS say at each attempt which servers the domain Host has (_mqtt._tcp, with TLS
	// _secure-mqtt._tcp). Resolver is who is asked, also for addresses; nil: the system's.
	SRV      bool
	Resolver *net.Resolver
	// Servers are further servers, added to those of Reconnect: URLs, or HOST[:PORT] for the rest as the
	// first. Without Reconnect they do not count.
	Servers []string
	// BindAddress is the local address or host name from which the connection is made.
	BindAddress string
	// Nagle has small packets wait until those before are acknowledged, which saves packets and costs time.
	Nagle bool
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

// Error is an option that cannot be. Both faces have their own names for options, so Field has the name
// of the field of Options, such as "TLS.CAFile".
type Error struct {
	Field string
	Value string // a file or an address that it names, where Err does not say it; or ""
	Err   error
}

// Error returns the cause without the field.
func (e *Error) Error() string {
	if e.Value != "" {
		return e.Value + ": " + e.Err.Error()
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
