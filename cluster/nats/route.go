package nats

import (
	"net"
	"sync"
)

// route is the way from one node to another: a listener that forwards, until it is cut. Then it forwards nothing more and
// ends nothing, so that both nodes see silence, as when a switch between them has lost its power.
type route struct {
	listener net.Listener
	target   string
	tasks    sync.WaitGroup

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]struct{}
	done  bool
}

func newRoute(target string) (*route, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &route{listener: l, target: target, conns: map[net.Conn]struct{}{}}
	r.tasks.Go(r.acceptLoop)
	return r, nil
}

func (r *route) addr() string { return r.listener.Addr().String() }

func (r *route) acceptLoop() {
	for {
		from, err := r.listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", r.target)
		if err != nil { // that node is away
			from.Close()
			continue
		}
		if !r.add(from, to) {
			continue
		}
		r.tasks.Go(func() { r.forward(from, to) })
		r.tasks.Go(func() { r.forward(to, from) })
	}
}

// add takes the two halves of a connection, unless the route is closed.
func (r *route) add(from, to net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		from.Close()
		to.Close()
		return false
	}
	r.conns[from], r.conns[to] = struct{}{}, struct{}{}
	return true
}

// forward copies until a side has ended, and drops what comes while the route is cut.
func (r *route) forward(from, to net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !r.isCut() {
			_, werr := to.Write(buffer[:n])
			if err == nil {
				err = werr
			}
		}
		if err != nil {
			r.end(from, to)
			return
		}
	}
}

func (r *route) isCut() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cut
}

func (r *route) end(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		c.Close()
		delete(r.conns, c)
	}
}

// set cuts the route or heals it. A connection that has lost bytes is of no use any more: it ends with the healing.
func (r *route) set(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
	if !cut {
		for c := range r.conns {
			c.Close()
		}
	}
}

func (r *route) close() {
	r.listener.Close()
	r.mu.Lock()
	r.done = true
	for c := range r.conns {
		c.Close()
	}
	r.mu.Unlock()
	r.tasks.Wait()
}
