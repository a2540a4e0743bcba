package load

import (
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"dunlin/internal/load/result"
)

// Kinds of events. Most of the places are kept for what is not as usual.
const (
	eventConnected = "connected"
	eventRefused   = "refused"
	eventLost      = "lost"
	eventDropped   = "dropped"
	eventBack      = "back"

	connectedKept = result.EventsKept / 10
)

// events are what happened to connections.
type events struct {
	mu        sync.Mutex
	kept      []result.Event
	connected int
	lost      int // were not kept
}

func (e *events) add(c *client, kind, detail string) {
	at := float64(time.Now().UnixMicro()) / 1e6
	e.mu.Lock()
	defer e.mu.Unlock()
	if kind == eventConnected {
		e.connected++
	}
	if len(e.kept) == result.EventsKept || kind == eventConnected && e.connected > connectedKept {
		e.lost++
		return
	}
	e.kept = append(e.kept, result.Event{Time: at, Group: c.g.Name, Client: c.number, Kind: kind, Detail: detail})
}

// detailOf is an error without the port of this side, which each connection has another of: events with one cause are counted together.
func detailOf(err error) string {
	op, call := (*net.OpError)(nil), (*os.SyscallError)(nil)
	if !errors.As(err, &op) || op.Source == nil {
		return err.Error()
	}
	inner := op.Err
	if errors.As(inner, &call) {
		inner = call.Err
	}
	return strings.ReplaceAll(strings.Replace(err.Error(), op.Error(), op.Op+": "+inner.Error(), 1), "read: read: ", "read: ")
}
