package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/internal/terminal"
	"dunlin/internal/ui/payload"
	"dunlin/internal/ui/protocol"
	"dunlin/internal/ui/topics"
	"dunlin/mqtt"
)

// maxConnections is how many connections there are at most.
const maxConnections = 32

// maxLarge is how many large payloads are read at once.
const maxLarge = 2

// errStopped is the cause of all ends at the end of the server.
var errStopped = errors.New("dunlin ui has ended")

// hub has the connections, and knows how many viewers there are.
type hub struct {
	o      *Options
	store  *topics.Store
	reader *payload.Reader
	ctx    context.Context // ends with the server
	cancel context.CancelCauseFunc
	work   sync.WaitGroup // viewers, and what connections do
	large  chan struct{}  // holds a value for each large payload that is being read
	edits  atomic.Int64   // counts what changes in the hello besides figures

	mu          sync.Mutex
	viewers     int
	closed      bool
	lastID      int
	connections []*connection
	plans       []*plan // the latest deletions that were planned
}

func newHub(ctx context.Context, o *Options) (*hub, error) {
	h := &hub{o: o, store: topics.NewStore(o.History), reader: &payload.Reader{Folder: o.Folder, Schemas: o.Schemas}, large: make(chan struct{}, maxLarge)}
	h.ctx, h.cancel = context.WithCancelCause(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	if o.Proxy != nil {
		if err := h.openProxy(o.Proxy); err != nil {
			h.cancel(err)
			return nil, err
		}
	}
	for _, b := range o.Brokers {
		h.openBroker(b)
	}
	return h, nil
}

// enter takes a place for a viewer, if there is one left.
func (h *hub) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.viewers == maxViewers {
		return false
	}
	h.viewers++
	h.work.Add(1)
	return true
}

// leave gives the place back.
func (h *hub) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.viewers--
	h.work.Done()
}

// spawn runs f beside everything else. It is false when the server ends, which does not wait for it any more.
func (h *hub) spawn(f func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.work.Go(f)
	return true
}

// changed notes that the hello says something else.
func (h *hub) changed() { h.edits.Add(1) }

// all returns the connections.
func (h *hub) all() []*connection {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.connections)
}

// connection returns a connection by its number.
func (h *hub) connection(id int) (*connection, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.connections {
		if c.id == id {
			return c, nil
		}
	}
	return nil, fmt.Errorf("there is no connection %d any more; choose another one", id)
}

// client returns a connection by its number, with its client, where that can be used just now.
func (h *hub) client(id int) (*connection, *mqtt.Client, error) {
	c, err := h.connection(id)
	if err != nil {
		return nil, nil, err
	}
	client, err := c.live()
	return c, client, err
}

// hello says what there is.
func (h *hub) hello(now time.Time) *protocol.Hello {
	s := &protocol.Hello{
		Version: h.o.Version, ReadOnly: h.o.ReadOnly, Folder: h.o.Folder, Formats: payload.Formats(), Connections: []protocol.Connection{},
	}
	for _, c := range h.all() {
		s.Connections = append(s.Connections, c.shown(now))
	}
	return s
}

// longestLine is how long an error may be, for people.
const longestLine = 1000

// line returns an error as one line for people. An error may hold what a broker says, which may be anything.
func (h *hub) line(err error) string {
	text := []rune(terminal.OneLine(err.Error()))
	if len(text) > longestLine {
		text = append(text[:longestLine], '…')
	}
	return string(text)
}

// remove takes an ended connection out, and gives back what it holds.
func (h *hub) remove(c *connection) {
	h.mu.Lock()
	h.connections = slices.DeleteFunc(h.connections, func(other *connection) bool { return other == c })
	h.mu.Unlock()
	c.tree.Close()
	h.changed()
}

// close ends everything, within ctx.
func (h *hub) close(ctx context.Context) {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.cancel(errStopped)
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.work.Wait()
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
