package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dunlin/broker"
)

// defaultListen and defaultSecure are where the broker listens when nothing else is said,
// the second one with --tls-self-signed.
const (
	defaultListen = "tcp://127.0.0.1:1883"
	defaultSecure = "tls://127.0.0.1:8883"
)

// temporaryFolder is --tls-self-signed without a folder.
const temporaryFolder = "a temporary folder"

// brokerOptions are the options of the command broker.
type brokerOptions struct {
	listen                              []string
	users, cert, key, fault, selfSigned string
}

// brokerCommand serves the development broker until Ctrl-C.
func (a *app) brokerCommand() *cobra.Command {
	o := &brokerOptions{}
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Serve a development broker",
		Long: "Serve a development broker, which keeps everything in memory, until Ctrl-C. Its URLs are\n" +
			"printed, one a line, when it is ready.\n\n" +
			"The users file has a line NAME:PASSWORD for each user who may connect, with the password\n" +
			"as it is or hashed by mosquitto_passwd. Without it everyone may.\n\n" +
			"With --tls-self-signed it makes a certificate for localhost, 127.0.0.1, ::1 and the\n" +
			"machine's name, anew at each start, and says in which file the authority's is, for\n" +
			"--cafile of the clients. Without --listen it serves " + defaultSecure + " then, too.\n\n" +
			"--fault does wrong on purpose what a client is to be tested against:\n" +
			"  drop=1%            of the PUBLISH packets vanish, in each direction: messages of QoS 0\n" +
			"                     are lost, those of QoS 1 and 2 stay unanswered until the client\n" +
			"                     connects again, so that kick goes well with it\n" +
			"  delay=50ms         each packet reaches the client that much later; delay=10ms-200ms\n" +
			"                     by a random time, in order\n" +
			"  kick=30s           each connection is cut after a random time of 15s to 45s\n" +
			"  refuse=10%         of the attempts to connect are answered with \"server unavailable\"\n" +
			"  seed=7             chance is the same in each run in which the clients do the same",
		Example: lines(
			"# Serve this machine, on port 1883",
			"dunlin broker",
			"# Serve other machines, and web pages of this one",
			"dunlin broker --listen :1883 --listen ws://127.0.0.1:8080",
			"# Let in those only who stand in a file",
			"dunlin broker --users users.txt",
			"# Serve TLS without a certificate of your own",
			"dunlin broker --tls-self-signed=certificates",
			"# See how a client bears lost packets, a slow network and cut connections",
			"dunlin broker --fault drop=1%,delay=50ms,kick=30s"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(a, cmd) },
	}
	o.bind(cmd.Flags())
	return cmd
}

// bind adds the options.
func (o *brokerOptions) bind(f *pflag.FlagSet) {
	f.SortFlags = false
	f.StringArrayVar(&o.listen, "listen", []string{defaultListen},
		"`address` as [SCHEME://][HOST]:PORT; schemes tcp, tls, ws, wss; port 0 takes a free one; may be given many times")
	f.StringVar(&o.users, "users", "", "`file` with the users who may connect")
	f.StringVar(&o.cert, "cert", "", "certificate in PEM form, for tls and wss: a `file`")
	f.StringVar(&o.key, "key", "", "private key of the certificate, in PEM form: a `file`")
	f.StringVar(&o.selfSigned, "tls-self-signed", "", "make a certificate, and write the authority's to ca.pem in `folder`, if given with =")
	f.Lookup("tls-self-signed").NoOptDefVal = temporaryFolder
	f.StringVar(&o.fault, "fault", "", "`faults` that are made on purpose, such as drop=1%,delay=50ms,kick=30s")
}

// run serves the broker.
func (o *brokerOptions) run(a *app, cmd *cobra.Command) error {
	fault, err := parseFault(cmd, o.fault)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("tls-self-signed") && !cmd.Flags().Changed("listen") {
		o.listen = append(o.listen, defaultSecure)
	}
	listeners, err := listenersAt(o.listen)
	if err != nil {
		return err
	}
	secure, err := serverTLS(cmd, o.cert, o.key)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("tls-self-signed") {
		var remove func()
		if secure, remove, err = o.makeCertificate(a, listeners, secure != nil); err != nil {
			return err
		}
		defer remove()
	}
	return a.serve(cmd.Context(), broker.Config{
		Listeners: listeners, UsersFile: o.users, TLS: secure, Logger: a.brokerLogger(slog.LevelInfo), Fault: fault,
	})
}

// parseFault reads --fault.
func parseFault(cmd *cobra.Command, text string) (broker.Fault, error) {
	if !cmd.Flags().Changed("fault") {
		return broker.Fault{}, nil
	}
	fault, err := broker.ParseFault(text)
	if err != nil {
		return broker.Fault{}, usagef("%s: --fault: %w", nameOf(cmd), err)
	}
	return fault, nil
}

// makeCertificate makes the certificate of --tls-self-signed. remove takes away what was
// written for this run only.
func (o *brokerOptions) makeCertificate(a *app, listeners []broker.Listener, given bool) (secure *tls.Config, remove func(), err error) {
	if given {
		return nil, nil, usagef("broker: --tls-self-signed and --cert exclude each other")
	}
	if !slices.ContainsFunc(listeners, isSecure) {
		return nil, nil, usagef("broker: --tls-self-signed without --listen of a tls:// or wss:// address")
	}
	secure, authority, err := broker.SelfSigned(hostsOf(listeners)...)
	if err != nil {
		return nil, nil, failf("%w", err)
	}
	folder, remove := o.selfSigned, func() {}
	if folder == temporaryFolder {
		if folder, err = os.MkdirTemp("", "dunlin-broker-"); err != nil {
			return nil, nil, failf("broker: --tls-self-signed: %w", err)
		}
		remove = func() { _ = os.RemoveAll(folder) } // what stays there is no secret
	} else if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, nil, failf("broker: --tls-self-signed: %w", err)
	}
	file := filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(file, authority, 0o644); err != nil {
		remove()
		return nil, nil, failf("broker: --tls-self-signed: %w", err)
	}
	a.note("the authority's certificate is in %s, for --cafile of the clients", file)
	return secure, remove, nil
}

// isSecure tells a listener with TLS.
func isSecure(l broker.Listener) bool {
	scheme, _, _ := strings.Cut(l.URL, "://")
	return scheme == "tls" || scheme == "ssl" || scheme == "mqtts" || scheme == "wss"
}

// hostsOf returns the hosts that listeners name.
func hostsOf(listeners []broker.Listener) []string {
	var hosts []string
	for _, l := range listeners {
		if u, err := url.Parse(l.URL); err == nil && u.Hostname() != "" { // the broker tells of one that is wrong
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

// serverTLS reads --cert and --key; nil: neither is given.
func serverTLS(cmd *cobra.Command, cert, key string) (*tls.Config, error) {
	given := cmd.Flags().Changed("cert")
	if given != cmd.Flags().Changed("key") {
		return nil, usagef("broker: --cert and --key go together")
	}
	if !given {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, failf("broker: --cert and --key: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// brokerLogger writes what a broker tells from a level on to stderr.
func (a *app) brokerLogger(least slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: least}))
}

// listenersAt reads all --listen. An address without scheme and port may be meant as
// anything, a port even, so it is not looked up as a host.
func listenersAt(addresses []string) ([]broker.Listener, error) {
	listeners := make([]broker.Listener, len(addresses))
	for i, address := range addresses {
		listeners[i].URL = address
		if strings.Contains(address, "://") {
			continue
		}
		if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
			return nil, usagef("broker: --listen %q is not [SCHEME://][HOST]:PORT", address)
		}
		listeners[i].URL = "tcp://" + address
	}
	return listeners, nil
}

// serve runs the broker until ctx ends.
func (a *app) serve(ctx context.Context, cfg broker.Config) error {
	b, err := broker.Start(ctx, cfg)
	if errors.Is(err, broker.ErrNoCertificate) {
		return failf("%w; give one with --cert and --key, or have one made with --tls-self-signed", err)
	}
	if err != nil {
		return failf("%w", err)
	}
	for _, url := range b.URLs() {
		// a.out keeps the error.
		_, _ = fmt.Fprintln(a.out, url)
	}
	a.noteFault(b)
	if a.StderrTerminal {
		a.note("broker ready, Ctrl-C to stop")
	}
	<-ctx.Done()
	return closeBroker(b, context.Cause(ctx))
}

// noteFault says what a broker does wrong on purpose, with the seed to have it again.
func (a *app) noteFault(b *broker.Broker) {
	if fault := b.Fault(); fault != (broker.Fault{}) {
		a.note("the broker does wrong on purpose: %v", fault)
	}
}

// closeBroker ends the broker and returns the error of what ran on it, or else
// its own.
func closeBroker(b *broker.Broker, err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if closing := b.Close(ctx); err == nil && closing != nil {
		return failf("broker: %w", closing)
	}
	return err
}
