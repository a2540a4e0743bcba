package load

import (
	"math/rand/v2"
	"time"

	"dunlin/mqtt"
)

// smallBuffer is the read buffer of a client to which nothing comes but the answers to pings.
const smallBuffer = 128

// isAlone reports whether the clients of the group only connect. They go without mqtt.Config.Reconnect, which keeps what it
// needs to make everything anew, where there is one server, and so take a sixth less memory: of ten thousand, that is what counts.
func (g *group) isAlone() bool {
	return len(g.Publish) == 0 && len(g.Subscribe) == 0 && g.Drop == nil && g.r.otherServers() == 0
}

// otherServers is how many servers there are besides that of Options.URL, among which mqtt.Config.Reconnect chooses.
func (r *run) otherServers() int {
	if r.o.Config.Reconnect == nil {
		return 0
	}
	return len(r.o.Config.Reconnect.Servers)
}

// redial has a client that was lost come back. Before the run ends it is over, or does not begin.
func (r *run) redial(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sending.Err() == nil {
		r.loops.Go(func() { r.comeBack(c) })
	}
}

// comeBack tries until the client is connected, or the phases end.
func (r *run) comeBack(c *client) {
	for wait := backoff; ; wait = min(2*wait, backoffMost) {
		if !pause(r.sending, time.Duration(rand.Int64N(int64(wait)))) {
			return
		}
		c.g.names.mu.Lock()
		cfg, err := c.config(c.g.names)
		c.g.names.mu.Unlock()
		if err != nil {
			return // as it was not when the client connected first
		}
		mq, err := mqtt.Dial(r.sending, r.o.URL, cfg)
		if err == nil {
			r.mu.Lock()
			c.mq = mq
			r.mu.Unlock()
			return
		}
	}
}
