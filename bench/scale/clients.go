//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"dunlin/mqtt"
)

// pace is the time between the messages that several clients send at once.
const pace = 10 * time.Millisecond

// job is what a process of clients has to do.
type job struct {
	Kind           string
	First, Clients int // the cost of a client is that of those behind the first ones
	KeepAlive      time.Duration
	At             place
}

// population is the clients of the process.
type population struct {
	job     job
	dialer  *dialer
	clients []*mqtt.Client
}

// measured does the job and prints what a client costs.
func measured(ctx context.Context, text string, out io.Writer) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	k, err := kindOf(j.Kind)
	if err != nil {
		return err
	}
	d, err := newDialer(k, j.At, j.KeepAlive)
	if err != nil {
		return err
	}
	c, err := (&population{job: j, dialer: d}).cost(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(c)
}

// cost connects clients and lets them rest, ping and publish.
func (p *population) cost(ctx context.Context) (c cost, err error) {
	c.Kind = p.dialer.kind.name
	if err := p.grow(ctx, 1); err != nil {
		return c, err
	}
	c.Base = rest().resident
	if err := p.grow(ctx, p.job.First); err != nil {
		return c, err
	}
	few, began := rest(), processorTime()
	if err := p.grow(ctx, p.job.Clients); err != nil {
		return c, err
	}
	more := float64(p.job.Clients - p.job.First)
	c.Connect = micros(processorTime()-began) / more
	many := rest()
	c.Heap, c.Stack = (many.heap-few.heap)/more, (many.stack-few.stack)/more
	c.Goroutines, c.Rest = (many.goroutines-few.goroutines)/more, (many.resident-few.resident)/more
	if c.Ping, err = p.pings(ctx); err != nil {
		return c, err
	}
	if c.Message, err = p.messages(ctx); err != nil {
		return c, err
	}
	c.Busy = max(c.Rest, (resident()-few.resident)/more)
	err = p.onTheWire(ctx, &c)
	runtime.KeepAlive(p)
	return c, err
}

func (p *population) grow(ctx context.Context, to int) error {
	for len(p.clients) < to {
		c, err := p.dialer.client(ctx, len(p.clients), nil)
		if err != nil {
			return fmt.Errorf("client %d: %w", len(p.clients), err)
		}
		p.clients = append(p.clients, c)
	}
	return nil
}

// pings returns what a ping costs, over twice the keep-alive.
func (p *population) pings(ctx context.Context) (float64, error) {
	written, began := p.written(), processorTime()
	if err := wait(ctx, time.After(2*p.job.KeepAlive)); err != nil {
		return 0, err
	}
	took := processorTime() - began
	pings := float64(p.written()-written) / 2 // bytes of a PINGREQ
	if least := float64(len(p.clients)); pings < least {
		return 0, fmt.Errorf("%.0f pings of %.0f clients in twice their keep-alive", pings, least)
	}
	return micros(took) / pings, nil
}

// messages has each client publish twice, and returns what a message costs the second time. Between its two less than the
// keep-alive goes by, so that no client pings.
func (p *population) messages(ctx context.Context) (float64, error) {
	size, err := p.messageSize(ctx)
	if err != nil {
		return 0, err
	}
	if err := p.publish(ctx); err != nil {
		return 0, err
	}
	written, began := p.written(), processorTime()
	if err := p.publish(ctx); err != nil {
		return 0, err
	}
	took, n := micros(processorTime()-began), float64(len(p.clients))
	if pings := (float64(p.written()-written) - n*size) / 2; pings > n/10 { // on a machine that stood still
		fmt.Fprintf(os.Stderr, "%.0f pings came between %.0f messages: these cost less than is told\n", pings, n)
	}
	return took / n, nil
}

// publish has each client send a message, spread over three fifths of the keep-alive, and waits until they are acknowledged.
func (p *population) publish(ctx context.Context) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	var work sync.WaitGroup
	var failed atomic.Pointer[error]
	each := max(1, len(p.clients)/int(3*p.job.KeepAlive/5/pace))
	for i, c := range p.clients {
		if i%each == 0 {
			<-tick.C
		}
		work.Add(1)
		_, err := c.PublishAsync(ctx, message(i), func(err error) {
			if err != nil {
				failed.Store(&err)
			}
			work.Done()
		})
		if err != nil {
			return err
		}
	}
	work.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// messageSize returns the bytes of a PUBLISH, by sending one.
func (p *population) messageSize(ctx context.Context) (float64, error) {
	c := p.clients[0]
	before := c.Stats().BytesWritten
	err := c.Publish(ctx, message(0))
	return float64(c.Stats().BytesWritten - before), err
}

func (p *population) written() (sum uint64) {
	for _, c := range p.clients {
		sum += c.Stats().BytesWritten
	}
	return sum
}

// onTheWire looks at another client's socket while that connects, publishes and pings.
func (p *population) onTheWire(ctx context.Context, c *cost) error {
	seen := &counts{}
	client, err := p.dialer.client(ctx, len(p.clients), func(cfg *mqtt.Config) {
		cfg.KeepAlive = time.Second
		cfg.Transport.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return counted{conn, seen}, err
		}
	})
	if err != nil {
		return err
	}
	c.JoinWire = seen.take()
	if err := client.Publish(ctx, message(len(p.clients))); err != nil {
		return err
	}
	c.MsgWire = seen.take()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for client.Stats().RTT == 0 { // until a ping is answered
		if err := wait(ctx, tick.C); err != nil {
			return err
		}
	}
	c.PingWire = seen.take()
	return client.Close(ctx)
}

// counts is what went through a connection.
type counts struct {
	mu   sync.Mutex
	wire wire // guarded by mu
}

func (c *counts) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > 0 {
		c.wire.Bytes, c.wire.Parts = c.wire.Bytes+n, c.wire.Parts+1
	}
}

// take returns what came since the last time.
func (c *counts) take() wire {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.wire
	c.wire = wire{}
	return w
}

// processorTime is what this process took of all processors.
func processorTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// memory is what a process has.
type memory struct{ heap, stack, goroutines, resident float64 }

// rest returns the memory once the garbage is gone, also that which finalizers had kept.
func rest() memory {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{float64(m.HeapAlloc), float64(m.StackInuse), float64(runtime.NumGoroutine()), resident()}
}
