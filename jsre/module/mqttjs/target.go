package mqttjs

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/mqtt/dial"
	"dunlin/mqtt/dial/ws"
)

// target is where an attempt connects to, and how.
type target struct {
	address dial.Address
	options dial.Options
	to      string          // the address in the place of the one that the script names, "" for the latter
	err     error           // of the options: the attempt fails with it
	denied  *goja.Exception // the script may not connect there; nil: it may
}

func (t target) dial(ctx context.Context) (net.Conn, error) {
	if t.err != nil {
		return nil, t.err
	}
	var refused error // with the address, which dial does not tell again
	t.options.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if t.to != "" {
			address = t.to
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		refused = err
		return conn, err
	}
	conn, err := dial.Open(ctx, t.address, t.options)
	if err != nil && refused != nil {
		err = refused
	}
	return conn, err
}

// readTarget takes the options for an attempt: the next of the servers, if there are several.
func (c *client) readTarget() (t target) {
	c.nextServer()
	protocol := c.opt("protocol").String()
	if isDomain(protocol) {
		t.err = errors.New(noDomains(protocol))
	}
	if !isProtocol(protocol) {
		protocol = "mqtt"
	}
	isWS := protocol == "ws" || protocol == "wss"
	host, port := c.readHost(protocol)
	t.address = dial.Address{Network: "tcp", Host: host, Port: strconv.Itoa(port), TLS: isSecure(protocol), Scheme: protocol}
	if !isWS {
		c.setOpt("port", port)
		c.setOpt("hostname", host)
	}
	if c.optBool("unixSocket") {
		t.address.Network, t.address.Host, t.address.Port = "unix", c.opt("path").String(), ""
	}
	if isWS {
		c.webSocket(&t)
	}
	t.lead(c)
	t.denied = c.vm.Runtime().Try(func() { c.vm.CheckNet(t.destination()) })
	if t.address.TLS && t.err == nil {
		t.options.TLS, t.err = c.readTLS(host)
	}
	return t
}

func isSecure(protocol string) bool {
	return protocol == "mqtts" || protocol == "ssl" || protocol == "tls" || protocol == "wss"
}

// readHost takes host and port, or what stands for them.
func (c *client) readHost(protocol string) (host string, port int) {
	host = "localhost"
	for _, name := range []string{"host", "hostname"} { // the latter counts
		if v := c.opt(name); engine.Given(v) && v.String() != "" {
			host = v.String()
		}
	}
	port = int(c.opt("port").ToInteger())
	switch {
	case port >= 1 && port <= 65535:
	case protocol == "ws":
		port = 80
	case protocol == "wss":
		port = 443
	case isSecure(protocol):
		port = 8883
	default:
		port = 1883
	}
	return host, port
}

// lead has the host's rules lead the connection elsewhere.
func (t *target) lead(c *client) {
	if c.options.Redirect == nil || t.address.Network == "unix" {
		return
	}
	to, plain := c.options.Redirect(t.address.Endpoint())
	if plain && t.address.TLS {
		t.address.TLS = false
		t.address.Scheme = strings.TrimSuffix(t.address.Scheme, "s")
	}
	t.to = to
}

// destination is the address that the connection really goes to.
func (t *target) destination() string {
	if t.to != "" {
		return t.to
	}
	return t.address.Endpoint()
}

// serverCount is the length of options.servers.
func (c *client) serverCount() int {
	if list, ok := c.opt("servers").(*goja.Object); ok {
		if length := list.Get("length"); length != nil {
			return int(length.ToInteger())
		}
	}
	return 0
}

// nextServer takes the next of options.servers.
func (c *client) nextServer() {
	n := c.serverCount()
	if n < 1 {
		return
	}
	list := c.opt("servers").ToObject(c.vm.Runtime())
	s, ok := list.Get(strconv.Itoa(c.server % n)).(*goja.Object)
	c.server = (c.server + 1) % n
	if !ok {
		return
	}
	c.setOpt("host", c.vm.Field(s, "host"))
	c.setOpt("port", c.vm.Field(s, "port"))
	c.setOpt("hostname", c.vm.Field(s, "host"))
	protocol := c.vm.Field(s, "protocol")
	if !protocol.ToBoolean() {
		protocol = c.opt("defaultProtocol")
	}
	c.setOpt("protocol", protocol)
}

// webSocket takes the options of ws and wss.
func (c *client) webSocket(t *target) {
	path := c.opt("path")
	t.address.Path = "/"
	if engine.Given(path) && path.String() != "" && !c.optBool("unixSocket") {
		t.address.Path = path.String()
	}
	scheme := "ws"
	if t.address.TLS {
		scheme = "wss"
	}
	t.address.Scheme = scheme
	url := scheme + "://" + net.JoinHostPort(t.address.Host, t.address.Port) + t.address.Path
	if f, ok := c.vm.ToFunc(c.opt("transformWsUrl")); ok {
		c.transform(t, f.Call(goja.Undefined(), c.vm.Runtime().ToValue(url), c.opts, c.obj).String())
	}
	var query string
	t.address.Path, query, _ = strings.Cut(t.address.Path, "?")
	t.address.Query = query
	o := ws.Options{Subprotocol: "mqtt"}
	if c.opt("protocolId").String() == "MQIsdp" && c.version == 3 {
		o.Subprotocol = "mqttv3.1"
	}
	if w, ok := c.opt("wsOptions").(*goja.Object); ok {
		if h, ok := c.vm.Field(w, "headers").(*goja.Object); ok {
			o.Header = http.Header{}
			for _, name := range h.Keys() {
				o.Header.Set(name, h.Get(name).String())
			}
		}
	}
	t.options.WebSocket = o.Upgrade
}

// transform takes the URL that a script has put in the place of ours.
func (c *client) transform(t *target, raw string) {
	a, err := dial.ParseAddress(raw)
	if err == nil && a.IsSRV() { // whose servers nobody has asked leave for
		err = errors.New("transformWsUrl returned " + a.String() + ", which is no WebSocket")
	}
	if err != nil {
		t.err = err
		return
	}
	if a.Query != "" {
		a.Path += "?" + a.Query
	}
	t.address = a
}

// readTLS takes the options of TLS as Node.js has them.
func (c *client) readTLS(host string) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if v := c.opt("servername"); goja.IsString(v) {
		conf.ServerName = v.String()
	}
	if v := c.opt("rejectUnauthorized"); c.vm.TypeName(v) == "boolean" {
		conf.InsecureSkipVerify = !v.ToBoolean() //nolint:gosec // the script asks for it
	}
	if list, ok := c.opt("ALPNProtocols").(*goja.Object); ok && list.ClassName() == "Array" {
		c.vm.Runtime().ForOf(list, func(v goja.Value) bool {
			conf.NextProtos = append(conf.NextProtos, v.String())
			return len(conf.NextProtos) < 100
		})
	}
	if err := c.readAuthorities(conf); err != nil {
		return nil, err
	}
	return conf, c.readCertificate(conf)
}
