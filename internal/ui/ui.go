// Package ui is the server of `dunlin ui`: it connects to brokers, keeps what they send in trees of topics, and serves one page to
// one or more viewers, who see it live.
//
// Nothing waits for a page. What a connection receives goes into its tree; each viewer is told ten times a second what has changed
// in the part of it that it shows, and less often where it reads slowly.
package ui

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"dunlin/internal/connect"
	"dunlin/internal/ui/topics"
	"dunlin/mqtt"
)

// DefaultHistory is how many bytes of messages are kept, of all connections.
const DefaultHistory = topics.DefaultHistory

// Options say what is served, and where.
type Options struct {
	// Listener is where the page is asked for. Start takes it over and closes it.
	Listener net.Listener
	// Host is the name by which browsers know the listener, besides addresses and localhost; empty: none.
	Host string
	// Page has the files of the page: index.html and what it names.
	Page fs.FS
	// Version of the program.
	Version string
	// ReadOnly refuses everything that would change something at a broker or here.
	ReadOnly bool
	// History is how many bytes of messages are kept, of all connections; 0: DefaultHistory.
	History int64
	// Folder has the recordings and schemas; empty: there are none.
	Folder string
	// Schemas are files of Protobuf schemas that the page may name besides those of the folder.
	Schemas []string
	// Brokers are connected to at the start.
	Brokers []Broker
	// Base is what a connection is made with that the page asks for.
	Base Broker
	// Proxy is served, too; nil: none.
	Proxy *Proxy
	// Logger is told what a person at the terminal is to know; nil: nobody is.
	Logger *slog.Logger
}

// Broker is a connection to make.
type Broker struct {
	Name          string // as the page shows it; empty: the address
	Connect       connect.Options
	Reconnect     *mqtt.Reconnect // nil: the default
	Subscriptions []mqtt.Subscription
	Trace         func(mqtt.TracedPacket) // sees the packets, too; nil: nothing does
}

// Proxy stands between devices and a broker.
type Proxy struct {
	Listen string // the address for devices, such as :1884
	To     connect.Options
}

// Server serves the page until it is closed.
type Server struct {
	options Options
	token   string
	hub     *hub
	http    *http.Server
	served  chan struct{} // closed when the listener has ended
	closing sync.Once
}

// Start serves the page and begins to connect. The server ends with Close.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Listener == nil || o.Page == nil {
		return nil, errors.New("ui: there is no listener, or no page")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.History <= 0 {
		o.History = DefaultHistory
	}
	hub, err := newHub(ctx, &o)
	if err != nil {
		return nil, errors.Join(err, o.Listener.Close())
	}
	s := &Server{options: o, token: newToken(), hub: hub, served: make(chan struct{})}
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute, // of files: a WebSocket has its own
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // what browsers do wrong is nothing to tell
	}
	go func() {
		defer close(s.served)
		if err := s.http.Serve(o.Listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			o.Logger.Error("the page is no longer served", "error", err)
		}
	}()
	return s, nil
}

// newToken returns 128 random bits, as text.
func newToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it does not fail, by its documentation
	return hex.EncodeToString(b[:])
}

// Address returns the address of the page with the token, which lets in whoever knows it. The token stands in the fragment, which
// browsers send to no server.
func (s *Server) Address() string {
	return "http://" + shownHost(s.options.Listener.Addr(), s.options.Host) + "/#" + s.token
}

// Done is closed when the page is no longer served.
func (s *Server) Done() <-chan struct{} { return s.served }

// Close ends all connections, those of viewers and those to brokers, within ctx.
func (s *Server) Close(ctx context.Context) {
	s.closing.Do(func() {
		_ = s.http.Close() // WebSockets, which it does not know of, end with the hub
		s.hub.close(ctx)
		<-s.served
	})
}
