package dial

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
)

// Upgrade makes a WebSocket over conn, a connection to the address's host that
// TLS, if any, is on already, and returns it as a stream of the bytes in its
// binary frames. ctx bounds the handshake only. After an error the caller closes
// conn. It may be called by several goroutines at a time.
type Upgrade func(ctx context.Context, conn net.Conn, a Address) (net.Conn, error)

// ErrNoWebSocket means that the URL asks for a WebSocket, and the program has none.
var ErrNoWebSocket = errors.New(`the program was built without WebSocket; import _ "dunlin/mqtt/dial/ws"`)

// registered makes the WebSocket where Options name none.
var registered atomic.Pointer[Upgrade]

// RegisterWebSocket makes f the way to make WebSockets where Options.WebSocket is
// nil. Package ws calls it when it is imported; the last call counts, and nil
// takes it back.
func RegisterWebSocket(f Upgrade) {
	if f == nil {
		registered.Store(nil)
		return
	}
	registered.Store(&f)
}

func (o *Options) upgrade() Upgrade {
	if o.WebSocket != nil {
		return o.WebSocket
	}
	if f := registered.Load(); f != nil {
		return *f
	}
	return nil
}
