package connect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"dunlin/mqtt"
	"dunlin/mqtt/dial"
	"dunlin/mqtt/dial/proxy"
	"dunlin/mqtt/dial/ws"
)

// Prepare checks the options, reads the files that they name and returns what mqtt.Dial takes. The caller adds
// its callbacks to the Config.
func (o *Options) Prepare(ctx context.Context) (url string, cfg mqtt.Config, err error) {
	if err := o.Check(); err != nil {
		return "", mqtt.Config{}, err
	}
	if err := o.describe(&cfg); err != nil {
		return "", mqtt.Config{}, err
	}
	if err := o.reach(ctx, &cfg); err != nil {
		return "", mqtt.Config{}, err
	}
	if cfg.Reconnect != nil {
		more, err := o.servers()
		if err != nil {
			return "", mqtt.Config{}, err
		}
		cfg.Reconnect.Servers = slices.Concat(cfg.Reconnect.Servers, more)
	}
	return o.Address(), cfg, nil
}

// Check finds what is wrong with the options, as far as nothing has to be read or asked for that. The
// error is an *Error.
func (o *Options) Check() error {
	for _, check := range []func() error{o.TLS.check, o.checkURL, o.checkSRV, o.checkUnix, o.checkProxy} {
		if err := check(); err != nil {
			return err
		}
	}
	switch {
	case o.ClientID != "" && o.IDPrefix != "":
		return &Error{Field: "IDPrefix", Err: errors.New("a client identifier is given whole, or its prefix is")}
	case o.Properties.Connect.Data != nil && o.Properties.Connect.Method == "":
		return &Error{Field: "Properties.Connect.Data", Err: errors.New("authentication data needs an authentication method")}
	}
	_, err := o.servers()
	return err
}

// checkSRV finds what does not go with a look-up of servers.
func (o *Options) checkSRV() error {
	switch {
	case !o.SRV:
		return nil
	case o.Host == "":
		return &Error{Field: "SRV", Err: errors.New("there is no domain to look servers up for")}
	case o.URL != "", o.Unix != "", o.WebSocket:
		return &Error{Field: "SRV", Err: errors.New("a look-up finds servers of MQTT over TCP; it does not go with a URL, a socket or WebSocket")}
	}
	if _, err := dial.ParseAddress(o.Address()); err != nil {
		return &Error{Field: "SRV", Err: err}
	}
	return nil
}

// checkUnix finds what does not go with a socket of this machine.
func (o *Options) checkUnix() error {
	switch {
	case o.Unix == "":
		return nil
	case o.URL != "", o.Host != "", o.Port != 0:
		return &Error{Field: "Unix", Err: errors.New("a socket of this machine has no host and no port")}
	case o.WebSocket:
		return &Error{Field: "Unix", Err: errors.New("WebSocket does not go over a socket of this machine")}
	case o.TLS.asked():
		return &Error{Field: "Unix", Err: errors.New("a socket of this machine has no TLS")}
	}
	return nil
}

// checkURL tells whether URL can be read, and whether its scheme has what the other options want.
func (o *Options) checkURL() error {
	if o.URL == "" {
		return nil
	}
	a, err := dial.ParseAddress(o.URL)
	switch {
	case err != nil:
		return &Error{Field: "URL", Err: err}
	case !a.TLS && o.TLS.asked() && a.Scheme == "unix":
		return &Error{Field: "URL", Err: errors.New("a socket of this machine has no TLS")}
	case !a.TLS && o.TLS.asked():
		return &Error{Field: "URL", Err: fmt.Errorf("the scheme is %s, which has no TLS; write %s", a.Scheme, WithTLS(a.Scheme))}
	case a.TLS && o.TLS.Off:
		return &Error{Field: "TLS.Off", Err: fmt.Errorf("the scheme is %s, which is TLS; write %s", a.Scheme, withoutTLS(a.Scheme))}
	case o.WebSocket && a.Scheme != "ws" && a.Scheme != "wss":
		return &Error{Field: "WebSocket", Err: fmt.Errorf("the scheme is %s; write ws or wss", a.Scheme)}
	}
	return nil
}

func (o *Options) checkProxy() error {
	if o.Proxy == "" {
		return nil
	}
	if _, err := proxy.New(o.Proxy); err != nil {
		return &Error{Field: "Proxy", Err: err}
	}
	return nil
}

// describe puts who connects into cfg.
func (o *Options) describe(cfg *mqtt.Config) error {
	cfg.Version, cfg.KeepSession, cfg.KeepAlive = o.Version, o.KeepSession, o.KeepAlive
	cfg.Username, cfg.Password = o.Username, o.Password
	cfg.ClientID = o.ClientID
	if o.IDPrefix != "" {
		cfg.ClientID = o.IDPrefix + strconv.Itoa(os.Getpid())
	}
	if o.URL != "" { // a URL's own are for Dial, but would go on to another server
		name, password, err := userInfo(o.URL)
		if err != nil {
			return &Error{Field: "URL", Err: err}
		}
		cfg.Username = cmp.Or(cfg.Username, name)
		if cfg.Password == nil {
			cfg.Password = password
		}
	}
	if o.Will != nil {
		will := *o.Will
		will.Properties = o.Properties.Will.message()
		will.Delay = o.Properties.Will.Delay
		cfg.Will = &will
	}
	c := &o.Properties.Connect
	cfg.Properties = c.ConnectProperties
	cfg.Limits.ReceiveMaximum = int(c.ReceiveMaximum)
	cfg.Transport.MaxPacket = int(min(c.MaximumPacket, dial32))
	if c.TopicAliasMaximum != nil {
		cfg.Limits.TopicAliases = int(*c.TopicAliasMaximum)
		if cfg.Limits.TopicAliases == 0 {
			cfg.Limits.TopicAliases = -1
		}
	}
	if c.Method != "" {
		cfg.Auth = oneStep{c.Method, c.Data}
	}
	if o.Reconnect != nil {
		r := *o.Reconnect
		cfg.Reconnect = &r
	}
	return nil
}

// dial32 keeps a packet size within the int of a 32-bit build.
const dial32 = 1<<31 - 1

// reach puts the way to the server into cfg.
func (o *Options) reach(ctx context.Context, cfg *mqtt.Config) error {
	t := &cfg.Transport
	t.ConnectTimeout = cmp.Or(o.ConnectTimeout, mqtt.DefaultConnectTimeout)
	t.Resolver = o.Resolver
	local, err := o.localAddresses(ctx)
	if err != nil {
		return err
	}
	t.Dial = (&dial.Dialer{Resolver: o.Resolver, Dial: direct(local, o.Nagle)}).DialContext
	through, err := o.proxy()
	if err != nil {
		return err
	}
	if through != nil {
		through.Dial = t.Dial
		t.Dial = through.DialContext
	}
	if o.usesTLS() {
		if t.TLS, err = o.TLS.config(); err != nil {
			return err
		}
	}
	t.WebSocket = ws.Options{Header: o.WebSocketHeader}.Upgrade
	return nil
}

// direct dials from local, if there is any. A socket of this machine has no address of a network to come from.
func direct(local []net.IPAddr, nagle bool) dial.Func {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		via := new(net.Dialer)
		if len(local) > 0 && !strings.HasPrefix(network, "unix") {
			via.LocalAddr = localFor(local, address)
		}
		conn, err := via.DialContext(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok && nagle {
			err = tcp.SetNoDelay(false)
		}
		return conn, err
	}
}

// localFor returns the address of local from which address can be reached: one of IPv4, or of IPv6, as that is.
func localFor(local []net.IPAddr, address string) net.Addr {
	host, _, _ := net.SplitHostPort(address)
	four := net.ParseIP(host).To4() != nil
	of := max(slices.IndexFunc(local, func(a net.IPAddr) bool { return (a.IP.To4() != nil) == four }), 0)
	return &net.TCPAddr{IP: local[of].IP, Zone: local[of].Zone}
}

// localAddresses finds the addresses of BindAddress, of which a host name may have several.
func (o *Options) localAddresses(ctx context.Context) ([]net.IPAddr, error) {
	if o.BindAddress == "" {
		return nil, nil
	}
	resolver := cmp.Or(o.Resolver, net.DefaultResolver)
	addresses, err := resolver.LookupIPAddr(ctx, o.BindAddress)
	if err != nil {
		return nil, &Error{Field: "BindAddress", Value: o.BindAddress, Err: fmt.Errorf("it is no address of this machine: %w", err)}
	}
	return addresses, nil
}

// proxy returns the dialer of a proxy, or nil.
func (o *Options) proxy() (*proxy.Dialer, error) {
	var (
		d   *proxy.Dialer
		err error
	)
	switch {
	case o.Proxy != "":
		d, err = proxy.New(o.Proxy)
	case o.ProxyVariables != nil:
		d, err = proxy.FromVariables(o.ProxyVariables)
	}
	if err != nil {
		return nil, &Error{Field: "Proxy", Err: err}
	}
	return d, nil
}

// Address returns the URL of the server, or with SRV of the domain, without user name and password.
func (o *Options) Address() string {
	if o.URL != "" {
		return withoutUser(o.URL)
	}
	if o.Unix != "" {
		return "unix://" + (&url.URL{Path: absolute(o.Unix)}).EscapedPath()
	}
	scheme := "mqtt"
	if o.WebSocket {
		scheme = "ws"
	}
	if o.secured() {
		scheme += "s"
	}
	if o.SRV {
		u := url.URL{Scheme: scheme + "+srv", Host: hostPort(o.Host, 0)}
		return u.String()
	}
	u := url.URL{Scheme: scheme, Host: hostPort(cmp.Or(o.Host, "localhost"), o.Port)}
	if o.WebSocket {
		path, query, _ := strings.Cut(cmp.Or(o.WebSocketPath, dial.DefaultPath), "?")
		u.Path, u.RawQuery = "/"+strings.TrimPrefix(path, "/"), query
	}
	return u.String()
}

// secured reports whether a server that is given by host and port is reached by TLS: as with Mosquitto's
// commands, port 8883 means it.
func (o *Options) secured() bool { return !o.TLS.Off && (o.TLS.asked() || o.Port == 8883) }

// usesTLS reports whether there is TLS on the way.
func (o *Options) usesTLS() bool {
	if o.URL == "" {
		return o.Unix == "" && o.secured()
	}
	a, err := dial.ParseAddress(o.URL)
	return err == nil && a.TLS
}

// hostPort writes host and port for a URL; port 0 is left out.
func hostPort(host string, port int) string {
	host = strings.Trim(host, "[]")
	if port != 0 {
		return net.JoinHostPort(host, strconv.Itoa(port))
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
