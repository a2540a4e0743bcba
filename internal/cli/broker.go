package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dunlin/broker"
)

// brokerCommand serves the development broker until Ctrl-C.
func (a *app) brokerCommand() *cobra.Command {
	var (
		listen          []string
		users, crt, key string
	)
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Serve a development broker",
		Long: "Serve a development broker, which keeps everything in memory, until Ctrl-C. Its URLs are\n" +
			"printed, one a line, when it is ready.\n\n" +
			"The users file has a line NAME:PASSWORD for each user who may connect, with the password\n" +
			"as it is or hashed by mosquitto_passwd. Without it everyone may.",
		Example: "  dunlin broker --listen :1883 --listen ws://127.0.0.1:8080",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			listeners, err := listenersAt(listen)
			if err != nil {
				return err
			}
			secure, err := serverTLS(cmd, crt, key)
			if err != nil {
				return err
			}
			return a.serve(cmd.Context(), broker.Config{
				Listeners: listeners, UsersFile: users, TLS: secure, Logger: a.brokerLogger(slog.LevelInfo),
			})
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&listen, "listen", []string{"tcp://127.0.0.1:1883"},
		"address as [SCHEME://][HOST]:PORT; schemes tcp, tls, ws, wss; port 0 takes a free one; may be given many times")
	f.StringVar(&users, "users", "", "file with the users who may connect")
	f.StringVar(&crt, "cert", "", "certificate in PEM form, for tls and wss")
	f.StringVar(&key, "key", "", "private key of the certificate, in PEM form")
	return cmd
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
		return failf("%w; give one with --cert and --key", err)
	}
	if err != nil {
		return failf("%w", err)
	}
	for _, url := range b.URLs() {
		// a.out keeps the error.
		_, _ = fmt.Fprintln(a.out, url)
	}
	if a.StderrTerminal {
		a.note("broker ready, Ctrl-C to stop")
	}
	<-ctx.Done()
	return closeBroker(b, context.Cause(ctx))
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
