package mosquittocli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"dunlin/internal/connect"
	"dunlin/internal/environ"
	"dunlin/internal/subscribe"
	"dunlin/mqtt"
)

// rr sends a request and prints the response: mosquitto_rr.
func (c *command) rr(ctx context.Context) int {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := environ.NewOutput(c.Stdout, cancel)
	o, err := c.connectOptions()
	if err != nil {
		return c.fail(ctx, err)
	}
	printer, err := c.printer()
	if err != nil {
		return c.fail(ctx, err)
	}
	trace := c.journal(out)
	settings := c.subscribing(o, out, printer)
	settings.Count = 1
	q := &request{command: c, options: o, end: cancel}
	q.attach(ctx, &settings, printer)
	q.packets = c.watching(&settings, trace)
	_, err = subscribe.Run(ctx, q.dial, settings)
	if trace != nil {
		trace.close(err)
	}
	switch {
	case err == nil || q.answered.Load():
		return c.ended(ctx, nil)
	case errors.Is(err, subscribe.ErrAllRefused):
		c.say(reasonText(mqtt.ReasonCode(q.refused.Load())) + "\n")
		return statusOK
	}
	return c.ended(ctx, err)
}

// interrupted reports whether a signal has ended ctx that is no time-out.
func interrupted(ctx context.Context) bool {
	var interrupt environ.Interrupt
	return errors.As(context.Cause(ctx), &interrupt) && interrupt.Signal != syscall.SIGALRM
}

// line is the transport of the connection that was made last, for breaking it off.
type line struct{ conn atomic.Pointer[net.Conn] }

// tap keeps what cfg's transport will be.
func (l *line) tap(cfg *mqtt.Config) {
	dial := cfg.Transport.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	cfg.Transport.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			l.conn.Store(&conn)
		}
		return conn, err
	}
}

// breakOff ends the connection without DISCONNECT, so that the server publishes the will.
func (l *line) breakOff() {
	if conn := l.conn.Load(); conn != nil {
		(*conn).Close()
	}
}

// request is one request: it is sent when the server has taken the subscription to the answer.
type request struct {
	command *command
	options *connect.Options
	packets func(mqtt.TracedPacket)
	end     context.CancelCauseFunc

	client   atomic.Pointer[mqtt.Client]
	sent     atomic.Int64 // when, in nanoseconds of Unix time
	answered atomic.Bool
	refused  atomic.Uint32 // reason code of the subscription
}

// dial makes a connection and keeps it for the request.
func (q *request) dial(ctx context.Context, callbacks mqtt.Config) (*mqtt.Client, error) {
	client, err := q.command.receiver(q.options, q.packets)(ctx, callbacks)
	q.client.Store(client)
	return client, err
}

// attach has the request sent by a run.
func (q *request) attach(ctx context.Context, s *subscribe.Options, p *printer) {
	s.Granted = func(codes []mqtt.ReasonCode) {
		if codes[0] >= 0x80 {
			q.refused.Store(uint32(codes[0]))
			return
		}
		q.send()
	}
	s.Append = func(dst []byte, m *mqtt.Received) ([]byte, error) {
		q.answered.Store(true)
		dst, err := p.append(dst, m)
		if q.command.latency && err == nil {
			took := time.Duration(time.Now().UnixNano() - q.sent.Load())
			dst = fmt.Appendf(dst, "Latency: %.6fms\n", float64(took)/float64(time.Millisecond))
		}
		return dst, err
	}
	// Mosquitto's command breaks the connection off when it has the answer, and when a signal ends it, so that
	// the server publishes the will.
	s.Leave = func(client *mqtt.Client) {
		if q.answered.Load() || interrupted(ctx) {
			q.command.line.breakOff()
			<-client.Done()
		}
	}
}

// send publishes the request.
func (q *request) send() {
	c := q.command
	m := mqtt.Message{
		Topic: c.topics[0], Payload: c.body, QoS: c.qos, Retain: c.retain, Properties: q.options.Properties.Publish.Message(),
	}
	if c.version == mqtt.V5 {
		if m.Properties == nil {
			m.Properties = &mqtt.Properties{}
		}
		m.Properties.ResponseTopic = c.responseTopic
	}
	q.sent.Store(time.Now().UnixNano())
	// It is not waited for: the answer is, or the end of the connection.
	if _, err := q.client.Load().PublishAsync(context.Background(), m, func(error) {}); err != nil {
		q.end(err)
	}
}
