package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/connect"
	"dunlin/internal/sandbox"
	"dunlin/internal/ui"
	"dunlin/internal/ui/page"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// uiGoodbye is how long the end of the viewer may take.
const uiGoodbye = 800 * time.Millisecond

// viewing serves a page that shows what brokers carry.
type viewing struct {
	subscribing
	serve, history, folder string
	schemas                []string
	open, readOnly         bool
	listen, to             string
}

func (a *app) uiCommand() *cobra.Command {
	u := &viewing{}
	cmd := &cobra.Command{
		Use:   "ui [URL...]",
		Short: "Show on a page what brokers carry",
		Long: "Connect to one or more brokers and serve a page that shows, live, which topics there are, what came to\n" +
			"them, every packet of the connection, and why it ended. The address of the page is printed: whoever has it\n" +
			"may use the page, and nobody else; --open opens it. It is served to this machine alone, unless --serve\n" +
			"says otherwise.\n\n" +
			"Without -t everything is subscribed to, '#' and '$SYS/#', at a broker of this machine alone: at another\n" +
			"one that may be a great deal, so name what you want to see.\n\n" +
			"With --listen and --to it stands between devices and their broker, and shows the packets of both\n" +
			"directions. It then connects to a broker by itself only where a URL or -h names one.",
		Example: lines("# Show all that a broker on this machine has", "dunlin ui",
			"# Show a part of what another one has", "dunlin ui mqtts://broker.example -t 'home/#'",
			"# Let others of the network look, and change nothing", "dunlin ui --serve :8080 --read-only",
			"# See the packets of a device: have it connect to port 1884", "dunlin ui --listen :1884 --to broker.example:1883"),
		RunE: func(cmd *cobra.Command, args []string) error { return u.run(a, cmd, args) },
	}
	u.session.bind(cmd)
	u.bindQoS(cmd)
	u.bindReconnect(cmd)
	u.bindSubscription(cmd)
	f := cmd.Flags()
	f.StringVar(&u.serve, "serve", "", "where the page is served: [HOST]:PORT, without HOST to other machines, too\n(default: to this machine alone, on a free port)")
	f.BoolVar(&u.open, "open", false, "open the page in the browser")
	f.BoolVar(&u.readOnly, "read-only", false, "let the page publish, delete and change nothing")
	f.StringVar(&u.history, "history", "128M", "how many bytes of messages are kept; the oldest go first")
	f.StringVar(&u.folder, "folder", "", "folder with recordings, and files of Protobuf schemas that the page may name")
	f.StringArrayVar(&u.schemas, "schema", nil, "file with a Protobuf schema that the page may name; may be given many times")
	f.StringVar(&u.listen, "listen", "", "stand between devices and the broker of --to: the address for the devices, [HOST]:PORT")
	f.StringVar(&u.to, "to", "", "broker to which --listen leads, HOST[:PORT] or a URL")
	return cmd
}

func (u *viewing) run(a *app, cmd *cobra.Command, args []string) error {
	o, err := u.options(a, cmd, args)
	if err != nil {
		return err
	}
	if o.Listener, err = u.listener(a); err != nil {
		return err
	}
	o.Host = u.hostName()
	spareMemory()
	server, err := ui.Start(cmd.Context(), o)
	if err != nil {
		return failf("ui: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), uiGoodbye)
		defer cancel()
		server.Close(ctx)
	}()
	_, _ = fmt.Fprintln(a.out, server.Address()) // a.out keeps the error
	if u.open {
		remove, err := openBrowser(cmd.Context(), server.Address())
		if err != nil {
			a.note("ui: --open: %v; open the address yourself", err)
		}
		defer remove()
	}
	if a.StderrTerminal {
		a.note("the page is served, Ctrl-C to stop")
	}
	select {
	case <-cmd.Context().Done():
		return context.Cause(cmd.Context())
	case <-server.Done():
		return failf("ui: the page is no longer served; start it again")
	}
}

// options returns what ui.Start is to do, but for the listener.
func (u *viewing) options(a *app, cmd *cobra.Command, args []string) (o ui.Options, err error) {
	proxied, err := u.isProxy(cmd, args)
	if err != nil {
		return o, err
	}
	if args, err = u.complete(a, cmd, args); err != nil {
		return o, err
	}
	o = ui.Options{
		Page: page.Files(), Version: version(), ReadOnly: u.readOnly, Folder: u.folder, Schemas: u.schemas,
		Logger: slog.New(slog.NewTextHandler(a.Stderr, nil)),
	}
	if u.attempts > 0 {
		return o, usagef("ui: --reconnect=%d: the page shows each attempt; use auto, or never", u.attempts)
	}
	if o.History, err = sandbox.ParseSize(u.history); err != nil {
		return o, usagef("ui: --history: %w", err)
	}
	if err := u.checkFolder(); err != nil {
		return o, err
	}
	o.Base = ui.Broker{Connect: u.session.options, Reconnect: u.policy()}
	o.Base.Connect.Version = u.version
	if u.debug {
		o.Base.Trace = func(p mqtt.TracedPacket) { a.note("%s", p) }
	}
	if u.listen != "" {
		if o.Proxy, err = u.proxyTo(); err != nil {
			return o, err
		}
	}
	if proxied {
		return o, nil
	}
	o.Brokers, err = u.brokers(o.Base, args)
	return o, err
}

// isProxy reports whether the command is a proxy and no client: where nothing says to which broker it is to connect itself.
func (u *viewing) isProxy(cmd *cobra.Command, args []string) (bool, error) {
	switch {
	case (u.listen == "") != (u.to == ""):
		return false, usagef("ui: --listen and --to go together: where devices connect, and to which broker they are led")
	case u.listen == "":
		return false, nil
	}
	for _, name := range []string{"host", "port", "unix", "url", "topic"} {
		if cmd.Flags().Changed(name) {
			return false, nil
		}
	}
	return len(args) == 0, nil
}

// checkFolder finds what is wrong with the files that the page may name.
func (u *viewing) checkFolder() error {
	if u.folder != "" {
		if info, err := os.Stat(u.folder); err != nil || !info.IsDir() {
			return failf("ui: --folder %s is no folder; make it first", u.folder)
		}
		if _, err := os.ReadDir(u.folder); err != nil {
			return failf("ui: --folder: %w; name a folder that you may read", err)
		}
	}
	for _, file := range u.schemas {
		if _, err := os.Stat(file); err != nil {
			return failf("ui: --schema: %w", err)
		}
	}
	return nil
}

// policy returns how connections are made again: also the first one, for the page shows how it stands.
func (u *viewing) policy() *mqtt.Reconnect {
	p := u.lasting.policy()
	if u.once {
		p.GiveUp = func(error) bool { return true }
	}
	return p
}

// brokers returns what is connected to: the broker of the options, and those of further URLs.
func (u *viewing) brokers(base ui.Broker, further []string) ([]ui.Broker, error) {
	version := base.Connect.Version
	subscriptions, err := u.subscriptions("ui", nil, true)
	if err != nil {
		return nil, err
	}
	if u.version != version { // the subscriptions want MQTT 5
		base.Connect.Version = u.version
	}
	all := []ui.Broker{base}
	for _, address := range further {
		b, err := u.further(base, address)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	for i := range all {
		all[i].Subscriptions = subscriptions
		if len(subscriptions) > 0 {
			continue
		}
		if !connect.Loopback(all[i].Connect.Address()) {
			return nil, usagef("ui: name the topic filters of %s with -t, such as -t 'home/#': of a broker that others use, -t '#' may be a "+
				"great deal, and some throw out who asks for it", shownURL(all[i].Connect.Address()))
		}
		for _, filter := range ui.AllTopics() {
			all[i].Subscriptions = append(all[i].Subscriptions, mqtt.Subscription{Filter: filter, QoS: mqtt.QoS(u.qos)})
		}
	}
	return all, nil
}

// further returns another broker. What lets the user in at the first one, by its URL, is not for this one.
func (u *viewing) further(base ui.Broker, address string) (ui.Broker, error) {
	if !connect.IsURL(address) {
		return ui.Broker{}, usagef("ui: %q is no URL of a broker; topic filters are for -t", address)
	}
	parsed, err := dial.ParseAddress(address)
	if err != nil {
		return ui.Broker{}, usagef("ui: %s", asTyped(err, address, address))
	}
	o := base.Connect
	o.Host, o.Port, o.Unix, o.SRV, o.WebSocket, o.Servers = "", 0, "", false, false, nil
	if o.URL, _, err = connect.SplitTopic(address); err != nil {
		return ui.Broker{}, usagef("ui: %w", err)
	}
	if parsed.User != nil || u.urlHadUser() {
		o.Username, o.Password = "", nil // those of the URL itself count
	}
	if !parsed.TLS {
		o.TLS = connect.TLS{}
	}
	if err := o.Check(); err != nil {
		return ui.Broker{}, wrongUse("ui", err)
	}
	return ui.Broker{Connect: o, Reconnect: base.Reconnect, Trace: base.Trace}, nil
}

// urlHadUser reports whether user name or password came out of a URL.
func (u *viewing) urlHadUser() bool {
	return strings.HasPrefix(u.passFrom, urlPassword) || u.passFrom == "" && u.username != "" && u.urlFrom != ""
}

// proxyTo returns the proxy that the options ask for.
func (u *viewing) proxyTo() (*ui.Proxy, error) {
	if _, port, err := net.SplitHostPort(u.listen); err != nil || port == "" {
		return nil, usagef("ui: --listen %q is not [HOST]:PORT", u.listen)
	}
	address := u.to
	if !strings.Contains(address, "://") {
		address = "mqtt://" + address
	}
	parsed, err := dial.ParseAddress(address)
	switch {
	case err != nil:
		return nil, usagef("ui: --to: %s", asTyped(err, address, u.to))
	case parsed.User != nil:
		return nil, usagef("ui: --to has a user name; devices bring their own")
	}
	o := connect.Options{URL: address, ProxyVariables: u.session.options.ProxyVariables, ConnectTimeout: u.connectTimeout}
	if parsed.TLS {
		o.TLS = u.tls
	}
	if err := o.Check(); err != nil {
		return nil, usagef("ui: --to: %w", err)
	}
	return &ui.Proxy{Listen: u.listen, To: o}, nil
}

// listener listens where the page is to be served.
func (u *viewing) listener(a *app) (net.Listener, error) {
	address := u.serve
	if address == "" {
		address = "127.0.0.1:0"
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return nil, usagef("ui: --serve %q is not [HOST]:PORT, such as 127.0.0.1:8080", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		hint := "choose another port, or 0 for a free one"
		if unknown := (*net.DNSError)(nil); errors.As(err, &unknown) {
			hint = "name this machine, or leave the host out to serve all its addresses"
		}
		return nil, &failure{status: ExitFailure, err: fmt.Errorf("ui: --serve: %w", err), hint: hint}
	}
	tcp, ok := listener.Addr().(*net.TCPAddr)
	if ok && !tcp.IP.IsLoopback() {
		a.note("ui: other machines reach the page, by an address of this one in the place of 127.0.0.1, and without TLS: who reads on "+
			"the way, or has the address, sees and does what you do; --serve 127.0.0.1:%d and ssh -L %d:localhost:%d are safer",
			tcp.Port, tcp.Port, tcp.Port)
	}
	return listener, nil
}

// hostName returns the name of this machine by which the page is asked for; empty: an address, or localhost.
func (u *viewing) hostName() string {
	host, _, err := net.SplitHostPort(u.serve)
	if err != nil || host == "localhost" || net.ParseIP(host) != nil {
		return ""
	}
	return host
}
