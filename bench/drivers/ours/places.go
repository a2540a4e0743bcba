package main

import (
	"fmt"
	"sync/atomic"

	"dunlin/mqtt"
)

// places bounds the messages in flight.
type places struct {
	free   chan struct{}
	failed atomic.Pointer[error]
	done   func(error)
}

func newPlaces(n int) *places {
	p := &places{free: make(chan struct{}, n)}
	for range n {
		p.free <- struct{}{}
	}
	p.done = func(err error) {
		if err != nil {
			p.failed.Store(&err)
		}
		p.free <- struct{}{}
	}
	return p
}

// publish sends m n times and waits for the last acknowledgement.
func (p *places) publish(c *mqtt.Client, m mqtt.Message, n int) error {
	for range n {
		<-p.free
		if _, err := c.PublishAsync(ctx, m, p.done); err != nil {
			return err
		}
	}
	return p.wait()
}

// wait waits until all places are free.
func (p *places) wait() error {
	for range cap(p.free) {
		<-p.free
	}
	for range cap(p.free) {
		p.free <- struct{}{}
	}
	if err := p.failed.Load(); err != nil {
		return fmt.Errorf("%w: %w", errFailed, *err)
	}
	return nil
}
