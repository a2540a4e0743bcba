package mosquittocli

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"dunlin/internal/connect"
	"dunlin/mqtt"
)

// connectOptions checks what Mosquitto leaves to its library, in its order, and returns where the server is and who
// connects. The error is a plainError with the text for stderr.
func (c *command) connectOptions() (*connect.Options, error) {
	if err := c.checkIdentity(); err != nil {
		return nil, err
	}
	o := &connect.Options{
		Host: cmp.Or(numericHost(c.host), c.host, "localhost"), Port: c.port, Unix: c.unix, WebSocket: c.webSocket,
		BindAddress: c.bindAddress, Proxy: c.proxy.url(), Version: c.version, ClientID: c.clientID(),
		KeepAlive: time.Duration(c.keepAlive) * time.Second, KeepSession: !c.cleanSession,
		Username: c.username, Will: c.will,
	}
	if c.unix != "" { // which has neither
		o.Host, o.Port = "", 0
	}
	if c.hasPassword {
		o.Password = mqtt.Secret(c.password)
	}
	if err := c.setProperties(&o.Properties); err != nil {
		return nil, err
	}
	if err := c.checkEmpty(); err != nil {
		return nil, err
	}
	if err := c.tls.check(); err != nil {
		return nil, err
	}
	if err := c.checkPlace(); err != nil {
		return nil, err
	}
	o.TLS = c.tls.options()
	return o, nil
}

// clientID returns the identifier. Before MQTT 3.1.1 no server chooses one.
func (c *command) clientID() string {
	if c.version == mqtt.V31 && c.id == "" {
		c.id = "mosq-" + rand.Text()[:18]
	}
	return c.id
}

// checkIdentity checks who connects.
func (c *command) checkIdentity() error {
	switch {
	case c.hasID && c.id == "" && c.tool != toolPub:
		return plainError("Error: Invalid id and/or clean_session.\n")
	case c.hasID && c.id == "", !wellFormed(c.id):
		return plainError("Error: Invalid id.\n")
	case c.hasPassword && !c.hasUsername && c.version != mqtt.V5, !wellFormed(c.username):
		return plainError("Error: Problem setting username and/or password.\n")
	}
	for _, p := range c.properties {
		if c.will != nil && p.command == "will" && p.name == "response-topic" && !publishable(p.values[0]) {
			return plainError("Error: Problem setting will.\n")
		}
	}
	return nil
}

// protocolFault is what Mosquitto says of numbers that the protocol forbids.
const protocolFault = "A network protocol error occurred when communicating with the broker"

// setProperties fills in the properties. Those of CONNECT and PUBLISH are checked where Mosquitto's library does it.
func (c *command) setProperties(to *connect.Properties) error {
	given := map[string]bool{}
	for _, p := range c.properties {
		if p.command == "will" && c.will == nil {
			continue
		}
		key := p.command + " " + p.name
		if given[key] && p.name != "user-property" {
			return plainError("Unable to connect (Duplicate property in property list).\n")
		}
		given[key] = true
		if err := p.check(); err != nil {
			return err
		}
		if c.version != mqtt.V5 && p.command != "publish" {
			continue // as -V after -D has it: Mosquitto sends none of them then
		}
		if err := to.Set(p.command, p.name, p.values...); err != nil {
			return plainError("Error: " + err.Error() + ".\n")
		}
	}
	return nil
}

// check finds the values that no server may be sent.
func (p *property) check() error {
	zero, large := p.values[0] == "0", p.values[0] != "0" && p.values[0] != "1"
	switch p.command + " " + p.name {
	case "connect receive-maximum", "connect maximum-packet-size":
		if zero {
			return plainError("Unable to connect (" + protocolFault + ").\n")
		}
	case "connect request-problem-information", "connect request-response-information":
		if large {
			return plainError("Unable to connect (" + protocolFault + ").\n")
		}
	case "publish payload-format-indicator", "publish topic-alias", "publish response-topic":
		wrong := p.name == "topic-alias" && zero || p.name == "payload-format-indicator" && large ||
			p.name == "response-topic" && (p.values[0] == "" || strings.ContainsAny(p.values[0], "+#"))
		if wrong {
			return plainError("Error: Protocol error when communicating with broker.\n")
		}
	}
	return nil
}

// checkEmpty refuses the empty values that Mosquitto refuses. Passed over, they would send a password without TLS,
// or to another server, where a variable of a script is not set.
func (c *command) checkEmpty() error {
	refused := []struct{ option, text string }{
		{"--capath", "Unable to connect (A TLS error occurred).\n"},
		{"--tls-version", "Error: Problem setting TLS options, check the options are valid.\n"},
		{"--tls-engine", "Error: Problem setting TLS engine, is  a valid engine?\n"},
		{"--psk", "Error: Problem setting TLS-PSK options.\n"},
		{"--unix", "Unable to connect (Invalid input).\n"},
		{"-A", "Unable to connect (Lookup error).\n"},
	}
	for _, r := range refused {
		if c.empty[r.option] {
			return plainError(r.text)
		}
	}
	return nil
}

// check finds what cannot be of the options of TLS.
func (t *tlsOptions) check() error {
	switch {
	case t.hasCAFile && !t.none && (t.cafile == "" || !t.files()):
		return plainError("Error: Problem setting TLS options: File not found.\n")
	case t.psk != "":
		if _, err := hex.DecodeString(strings.Repeat("0", len(t.psk)%2) + t.psk); err != nil {
			return plainError("Error: Problem setting TLS-PSK options.\n")
		}
		return plainError("Error: Problem setting TLS-PSK options: this program has no TLS with pre-shared keys; use --cafile and certificates.\n")
	case t.engine != "" || t.keyform == "engine":
		return plainError("Error: Problem setting TLS engine: this program has no OpenSSL engines; give the key as a PEM file with --key.\n")
	case t.keyform != "" && t.keyform != "pem":
		return plainError("Error: Problem setting key form, it must be one of 'pem' or 'engine'.\n")
	case !slices.Contains([]string{"", "tlsv1.2", "tlsv1.3"}, t.version):
		return plainError("Error: Problem setting TLS options, check the options are valid.\n")
	}
	return nil
}

// files reports whether the files are there.
func (t *tlsOptions) files() bool {
	for _, name := range []string{t.cafile, t.cert, t.key} {
		if name == "" {
			continue
		}
		if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

func (t *tlsOptions) options() connect.TLS {
	if !t.used {
		return connect.TLS{Off: true}
	}
	o := connect.TLS{
		On: true, CAFile: t.cafile, CAPath: t.capath, SystemCA: t.osCerts, CertFile: t.cert, KeyFile: t.key,
		AnyName: t.insecure, Version: t.version, Ciphers: t.ciphers, KeyLog: t.keylog,
	}
	if t.alpn != "" {
		o.ALPN = []string{t.alpn}
	}
	return o
}

// checkPlace checks where the server is.
func (c *command) checkPlace() error {
	switch {
	case c.unix != "":
	case c.hasHost && c.host == "", strings.ContainsAny(c.host, "@/?# []"):
		return plainError("Unable to connect (Lookup error).\n")
	case c.tls.keylog != "" && !c.tls.used && !c.tls.none, c.port < 1 || c.port > 65535:
		return plainError("Unable to connect (Invalid input).\n")
	}
	return nil
}

// numericHost returns the IPv4 address that a host is of which only numbers are given, as C's library reads it: the last
// of at most four stands for all bytes that are left, so that 0 is 0.0.0.0 and 127.1 is 127.0.0.1. "": it is none.
func numericHost(host string) string {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return ""
	}
	var address uint64
	for i, part := range parts {
		n, rest := anyInteger(part)
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (4 - i)
		}
		if rest != "" || part == "" || part[0] < '0' || part[0] > '9' || n >= 1<<bits {
			return ""
		}
		address = address<<bits | uint64(n) //nolint:gosec // it is not negative
	}
	return net.IPv4(byte(address>>24), byte(address>>16), byte(address>>8), byte(address)).String()
}

// url returns the proxy as connect.Options take it.
func (p *proxy) url() string {
	if p == nil {
		return ""
	}
	u := url.URL{Scheme: "socks5h", Host: net.JoinHostPort(p.host, strconv.Itoa(cmp.Or(p.port, 1080)))}
	if p.username != "" {
		u.User = url.UserPassword(p.username, p.password)
	}
	return u.String()
}
