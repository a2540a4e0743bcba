package testserver

import (
	"bytes"
	"context"
	"sync"
)

// Transcript collects what a server or a tool prints, and wakes who waits for it. The zero value is an empty one.
type Transcript struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{} // closed at the next write; nil when nobody waits
}

// Write appends to it.
func (l *Transcript) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
	return l.text.Write(p)
}

// String returns all that was written.
func (l *Transcript) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Len returns how many bytes were written.
func (l *Transcript) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Len()
}

// Wait returns nil once what was written from that offset on holds text, or the error of ctx when that ends first.
func (l *Transcript) Wait(ctx context.Context, from int, text string) error {
	for {
		l.mu.Lock()
		found := bytes.Contains(l.text.Bytes()[from:], []byte(text))
		if l.grown == nil {
			l.grown = make(chan struct{})
		}
		grown := l.grown
		l.mu.Unlock()
		if found {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
