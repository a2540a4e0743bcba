package main

import (
	"fmt"
	"sync/atomic"

	"dunlin/mqtt"
)

// places bounds the messages in flight: a semaphore that only those pay for who
// have to wait.
type places struct {
	all    int
	free   atomic.Int64  // negative: so many wait
	next   chan struct{} // lets one who waits go on
	failed atomic.Pointer[error]
	done   func(error)
}

func newPlaces(n int) *places {
	p := &places{all: n, next: make(chan struct{}, 1)}
	p.free.Store(int64(n))
	p.done = func(err error) {
		if err != nil {
			failure := err // or err were on the heap in each call
			p.failed.Store(&failure)
		}
		p.give()
	}
	return p
}

// take takes a place, once there is one. Only one goroutine may call it.
func (p *places) take() {
	if p.free.Add(-1) < 0 {
		<-p.next
	}
}

func (p *places) give() {
	if p.free.Add(1) <= 0 {
		p.next <- struct{}{}
	}
}

// publish sends m n times and waits for the last acknowledgement.
func (p *places) publish(c *mqtt.Client, m mqtt.Message, n int) error {
	for range n {
		p.take()
		if _, err := c.PublishNoCopy(ctx, m, p.done); err != nil {
			return err
		}
	}
	return p.wait()
}

// wait waits until all places are free.
func (p *places) wait() error {
	for range p.all {
		p.take()
	}
	p.free.Add(int64(p.all))
	if err := p.failed.Load(); err != nil {
		return fmt.Errorf("%w: %w", errFailed, *err)
	}
	return nil
}
