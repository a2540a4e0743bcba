package packets

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// Side is a side of a connection.
type Side byte

// The sides.
const (
	Unknown Side = iota
	Client
	Server
	Network
	Proxy // on demand: a fault of the proxy, or its end
)

// String returns the side as protocol.End has it.
func (s Side) String() string {
	return [...]string{"unknown", "client", "server", "network", "proxy"}[s]
}

// Closed says how a connection ended, or that there was none.
type Closed struct {
	By  Side  // who closed it, as far as is seen
	Err error // what was seen of it: what mqtt.Config.OnDisconnect and OnRetry get, or what a socket says; nil: closed in order
}

// byError returns who closed it, as far as the error tells.
func (c Closed) byError() Side {
	var disconnect *mqtt.DisconnectError
	var packet *mqtt.PacketError
	switch {
	case c.By == Network && isReset(c.Err):
		return Unknown // either side does that
	case c.By != Unknown || c.Err == nil:
		return c.By
	case errors.Is(c.Err, mqtt.ErrServerClosed), errors.Is(c.Err, mqtt.ErrTruncated), errors.As(c.Err, &disconnect), errors.Is(c.Err, io.EOF):
		return Server
	case errors.As(c.Err, &packet), errors.Is(c.Err, mqtt.ErrKeepAlive), errors.Is(c.Err, net.ErrClosed), errors.Is(c.Err, mqtt.ErrClosed):
		return Client
	case isReset(c.Err):
		return Unknown
	case isTimeout(c.Err):
		return Network
	}
	return Unknown
}

// isReset tells an end of TCP without order.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNABORTED)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, syscall.ETIMEDOUT) || errors.As(err, &timeout) && timeout.Timeout()
}

// holder is the latest connection that gave a client identifier.
type holder struct {
	device int
	number int64
	at     time.Time
}

// mostHolders bounds the client identifiers that are remembered.
const mostHolders = 4096

// hold notes who has a client identifier now.
func (l *Log) hold(t *talk) {
	if t.asked.clientID == "" {
		return
	}
	if len(l.holders) >= mostHolders {
		clear(l.holders)
	}
	l.holders[t.asked.clientID] = holder{t.device, t.connect, t.begun}
}

// ending is what is known when a connection has ended.
type ending struct {
	*talk
	by     Side
	err    error
	at     time.Time
	faults []breach // of the last packets, the latest last
	taker  *holder  // the connection that has the client identifier now
}

// rules tell why a connection ended. The first that knows decides.
var rules = []func(*ending) (protocol.End, bool){
	(*ending).onDemand, (*ending).notReached, (*ending).notMQTT, (*ending).saidNothing, (*ending).serverGoodbye, (*ending).clientGoodbye,
	(*ending).refusedSession, (*ending).brokeRules, (*ending).serverBroke, (*ending).takenOver, (*ending).clientSilent, (*ending).serverSilent,
	(*ending).withoutAnswer, (*ending).afterRequest, (*ending).network, (*ending).clientLeft, (*ending).serverLeft,
}

// explain returns why a connection ended.
func (l *Log) explain(t *talk, at time.Time, c Closed) protocol.End {
	e := &ending{talk: t, by: c.byError(), err: c.Err, at: at, faults: l.faults(t)}
	if h, ok := l.holders[t.asked.clientID]; ok && t.asked.clientID != "" && h.device != t.device && h.number > t.connect {
		e.taker = &h
	}
	for _, rule := range rules {
		if end, ok := rule(e); ok {
			end.Facts = append(end.Facts, e.facts()...)
			return end
		}
	}
	return protocol.End{Who: Unknown.String(), Why: "The connection ended, and nothing shows why.", Hint: "The server's log may say more.", Facts: e.facts()}
}

// faults reads the last packets of a connection once more, and returns what is wrong with them, the latest last.
func (l *Log) faults(t *talk) (found []breach) {
	const looked = 40
	left := looked
	begin := max(t.opened, t.connect, 1)
	for i := len(l.segments) - 1; i >= 0 && left > 0; i-- {
		s := &l.segments[i]
		for j := len(s.records) - 1; j >= 0 && left > 0 && s.first+int64(j) >= begin; j-- {
			r := &s.records[j]
			if r.kind != isPacket || r.device != t.device {
				continue
			}
			left--
			if p := s.line(j); p.Fault != "" && p.Type != otherBytes && !r.broken {
				what, clause := cutClause(p.Fault)
				found = append([]breach{{p.Number, time.UnixMicro(r.micros), r.sent, article(s.data[r.from]>>4) + " with a fault: " + what, clause}}, found...)
			}
		}
	}
	return found
}

// cutClause takes the clause off a fault.
func cutClause(fault string) (what, clause string) {
	i := strings.LastIndex(fault, ", ")
	if i < 0 || !strings.HasPrefix(fault[i+2:], "MQTT-") && (fault[i+2] < '1' || fault[i+2] > '9') {
		return fault, ""
	}
	return fault[:i], fault[i+2:]
}

// clause returns the clause of the connection's version.
func (t *talk) clause(five, three string) string {
	switch t.version {
	case mqtt.V5:
		return five
	case mqtt.V31:
		return ""
	}
	return three
}

// keepAlive is what holds: the server's word, where it gave one.
func (t *talk) keepAlive() time.Duration {
	if own, has := t.granted.numbers[serverKeepAlive]; has {
		return time.Duration(own) * time.Second
	}
	return time.Duration(t.asked.keepAlive) * time.Second
}

// rounded returns a duration for people.
func rounded(d time.Duration) string {
	switch {
	case d < time.Second && d != 0:
		return fmt.Sprintf("%d ms", max(d.Milliseconds(), 0))
	case d < 2*time.Minute && d%time.Second != 0 && d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// facts returns what is worth knowing at every end.
func (e *ending) facts() []string {
	var facts []string
	if e.connect != 0 {
		facts = append(facts, fmt.Sprintf("%s, client identifier %s, keep alive %s", versionName(e.version), quoted(e.asked.clientID), rounded(e.keepAlive())))
	}
	if e.packets() == 0 {
		return facts
	}
	facts = append(facts, fmt.Sprintf("it lasted %s; the client sent %s, the server %s", rounded(e.at.Sub(e.begun)), count(e.byClient.packets, "packet"), count(e.byServer.packets, "packet")))
	for _, d := range []struct {
		who string
		of  direction
	}{{"client", e.byClient}, {"server", e.byServer}} {
		if d.of.packets > 0 {
			facts = append(facts, fmt.Sprintf("the last packet of the %s came %s before the end", d.who, rounded(e.at.Sub(d.of.lastTime))))
		}
		if n := len(d.of.inFlight); n > 0 {
			facts = append(facts, fmt.Sprintf("%s of the %s not acknowledged", count(n, "message"), d.who))
		}
	}
	if e.dropped > 0 {
		facts = append(facts, fmt.Sprintf("%s swallowed by the proxy, as it was asked for", count(e.dropped, "packet")))
	}
	for _, who := range []Side{Client, Server} {
		if b, ok := e.latestBreach(who == Client); ok && e.at.Sub(b.at) > soon {
			facts = append(facts, fmt.Sprintf("packet %d of the %s broke a rule before: %s", b.number, who, b.what))
		}
	}
	for _, r := range e.refused {
		facts = append(facts, "refused before: "+r.what)
	}
	if e.err != nil {
		facts = append(facts, "what was seen: "+e.err.Error())
	}
	return facts
}

// some returns the numbers that are there.
func some(numbers ...int64) (of []int64) {
	for _, n := range numbers {
		if n != 0 {
			of = append(of, n)
		}
	}
	return of
}
