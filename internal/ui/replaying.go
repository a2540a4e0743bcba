package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"dunlin/internal/feed"
	"dunlin/internal/recording"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// player puts the messages of a recording into the tree of its connection, when they are due, and publishes them where that is wanted.
type player struct {
	c    *connection
	file *os.File

	mu      sync.Mutex
	changed chan struct{} // closed when something below has changed that the player is to heed
	speed   float64       // 0: it stands still; negative: as fast as it goes
	into    int           // a connection that gets the messages, too; 0: none
	seek    time.Time     // where to go on; zero: nowhere else
	at      time.Time     // of the latest message
	from    time.Time     // of the first
	to      time.Time     // of the last that is known
	loaded  int
	wrong   int  // lines that are no messages
	failed  bool // it stands still because a message could not be published, which is what the page shows
}

// openRecording shows a recording, which plays as fast as it goes at first, so that all of it is there to be looked at. The hub's lock
// is held.
func (h *hub) openRecording(name string, f *os.File) *connection {
	c := h.newConnection(kindRecording, name, "")
	c.player = &player{c: c, file: f, speed: -1, changed: make(chan struct{})}
	c.state = stateConnected
	h.connections = append(h.connections, c)
	h.work.Go(func() {
		defer close(c.over)
		defer func() { _ = f.Close() }() // it was only read
		c.set(stateEnded, h.line(c.player.run()))
	})
	return c
}

// shown returns how it stands.
func (p *player) shown(id int) *protocol.Replay {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &protocol.Replay{
		Connection: id, At: milliseconds(p.at), From: milliseconds(p.from), To: milliseconds(p.to), Speed: p.speed, Into: p.into, Loaded: p.loaded,
	}
}

func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// replay says how a recording goes on.
func (v *viewer) replay(ask *protocol.Replay) (any, error) {
	c, err := v.hub.connection(ask.Connection)
	if err != nil {
		return nil, err
	}
	if c.player == nil {
		return nil, fmt.Errorf("%s is no recording", c.name)
	}
	if ask.Speed > 0 && (ask.Speed < 0.001 || ask.Speed > 1e6) {
		return nil, fmt.Errorf("the speed is %v; choose one from 0.001 to 1,000,000, 0 to stand still, or -1 for as fast as it goes", ask.Speed)
	}
	p := c.player
	p.mu.Lock()
	defer p.mu.Unlock()
	if ask.Into != 0 && ask.Into != p.into { // one that ended since does not keep anybody from pausing
		if _, _, err := v.hub.client(ask.Into); err != nil {
			return nil, err
		}
	}
	p.speed, p.into, p.failed = ask.Speed, ask.Into, false
	if ask.Seek {
		p.seek = time.UnixMilli(ask.At)
	}
	close(p.changed)
	p.changed = make(chan struct{})
	v.hub.changed()
	return nil, nil
}

// errAgain has the recording begin anew.
var errAgain = errors.New("again")

// run plays until the connection ends, and returns why.
func (p *player) run() error {
	for {
		err := p.play()
		if ended := context.Cause(p.c.ctx); ended != nil {
			return ended
		}
		if err != nil && !errors.Is(err, errAgain) {
			return err
		}
	}
}

// play plays the recording from its beginning. It returns nil or errAgain when it is to begin anew.
func (p *player) play() error {
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r, err := recording.NewReader(p.file)
	if err != nil {
		return err
	}
	p.begin()
	clock := &pace{}
	for {
		e, err := r.Next()
		var wrong *feed.LineError
		switch {
		case errors.As(err, &wrong):
			p.skipped(err)
			continue
		case errors.Is(err, io.EOF):
			return p.atEnd()
		case err != nil:
			return err
		}
		if err := p.due(clock, e.Time); err != nil {
			return err
		}
		p.take(&e)
	}
}

// begin empties what there is.
func (p *player) begin() {
	p.c.adding.Lock()
	p.c.tree.Reset()
	p.c.adding.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.loaded, p.wrong = time.Time{}, 0, 0
}

// skipped notes a line that is no message.
func (p *player) skipped(err error) {
	p.mu.Lock()
	p.wrong++
	n, failed := p.wrong, p.failed
	p.mu.Unlock()
	if failed {
		return
	}
	p.c.fault(fmt.Errorf("lines that are no messages: %d; the last: %w", n, err))
}

// atEnd stands still at the end until it is to go back.
func (p *player) atEnd() error {
	p.mu.Lock()
	if p.seek.Before(p.at) && !p.seek.IsZero() {
		p.mu.Unlock()
		return errAgain // that was asked for with the last message
	}
	p.speed, p.seek = 0, time.Time{}
	p.mu.Unlock()
	p.c.hub.changed()
	for {
		p.mu.Lock()
		changed, again := p.changed, p.speed != 0 || !p.seek.IsZero()
		p.mu.Unlock()
		if again {
			return errAgain
		}
		select {
		case <-changed:
		case <-p.c.ctx.Done():
			return nil
		}
	}
}

// pace is from when on messages are due, at the speed that holds.
type pace struct {
	speed float64
	began time.Time // by the clock
	first time.Time // in the recording
}

// wait is how long a message of that time is not due yet; negative: for ever.
func (c *pace) wait(speed float64, at, latest time.Time) time.Duration {
	if speed != c.speed || c.first.IsZero() {
		if latest.IsZero() {
			latest = at
		}
		c.speed, c.began, c.first = speed, time.Now(), latest
	}
	switch {
	case speed == 0:
		return -1
	case speed < 0:
		return 0
	}
	return max(0, time.Until(c.began.Add(time.Duration(float64(at.Sub(c.first))/speed))))
}

// due waits until a message is due, whatever becomes of the speed meanwhile. errAgain: an earlier one is wanted.
func (p *player) due(c *pace, at time.Time) error {
	for {
		p.mu.Lock()
		changed, latest := p.changed, p.at
		if !p.seek.IsZero() {
			switch {
			case p.seek.Before(latest):
				p.mu.Unlock()
				return errAgain
			case at.Before(p.seek):
				p.mu.Unlock()
				return context.Cause(p.c.ctx) // at once
			}
			latest = later(latest, later(p.seek, p.from)) // it stands where somebody wants it to be, not at the message before
			p.at, p.seek, c.first = latest, time.Time{}, time.Time{}
		}
		wait := c.wait(p.speed, at, latest)
		p.mu.Unlock()
		if wait == 0 {
			return context.Cause(p.c.ctx)
		}
		if err := p.sleep(changed, wait); err != nil {
			return err
		}
	}
}

// later returns the later one of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sleep waits for a time, negative: for ever, or until something has changed.
func (p *player) sleep(changed <-chan struct{}, wait time.Duration) error {
	var over <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-changed:
	case <-p.c.ctx.Done():
		return context.Cause(p.c.ctx)
	}
	return nil
}

// take puts a message into the tree, and publishes it.
func (p *player) take(e *recording.Entry) {
	m := &e.Message
	p.c.take(&mqtt.Received{Topic: m.Topic, Payload: m.Payload, QoS: m.QoS, Retain: m.Retain, Properties: m.Properties}, e.Time)
	p.mu.Lock()
	p.loaded++
	p.at = e.Time
	if p.from.IsZero() {
		p.from = e.Time
	}
	if e.Time.After(p.to) {
		p.to = e.Time
	}
	into, seeking := p.into, !p.seek.IsZero()
	p.mu.Unlock()
	if into != 0 && !seeking {
		p.publish(into, m)
	}
}

// publish publishes a message into a connection. What fails there stops the recording, so that nothing is passed over unnoticed.
func (p *player) publish(into int, m *mqtt.Message) {
	_, client, err := p.c.hub.client(into)
	if err == nil {
		ctx, cancel := context.WithTimeoutCause(p.c.ctx, patience, errUnanswered)
		defer cancel()
		err = client.Publish(ctx, *m)
	}
	if err != nil && p.c.ctx.Err() == nil {
		p.mu.Lock()
		p.speed, p.failed = 0, true
		p.mu.Unlock()
		p.c.fault(fmt.Errorf("stopped at a message that could not be published to %q: %w", m.Topic, err))
	}
}
