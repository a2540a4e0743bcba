package mqtt

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/store"
)

// saver is the state of the save loop, which takes what the session has to save
// to the Config.Store: all that came up while the last batch was being saved is
// one batch. The client's mutex guards what changes.
type saver struct {
	store  store.Store
	wake   chan struct{}
	done   chan struct{} // closed when the save loop has ended
	idle   bool          // the loop waits to be woken
	last   bool          // the client ends: save what there is, once
	pause  bool          // the last batch was not saved: wait before the next try
	failed bool          // the last batch was not saved, and that was told
}

func newSaver(s store.Store) *saver {
	return &saver{store: s, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// saveRetry is how long the save loop waits after a failure, unless there is
// something new to save.
const saveRetry = time.Second

// kick wakes the save loop when there is something to do. A nil saver has no loop.
func (s *saver) kick(sess *session.Session) {
	if s != nil && s.idle && (s.last || sess != nil && sess.Staged()) {
		s.idle = false
		s.wake <- struct{}{}
	}
}

// saveLoop saves until the client has ended and no handler runs any more.
func (c *Client) saveLoop() {
	defer close(c.saver.done)
	for {
		batch, last := c.nextSave()
		if batch != nil {
			c.commit(batch)
		}
		if last {
			break
		}
	}
	c.mu.Lock()
	c.failAllLocked()
	c.goneLocked()
	c.mu.Unlock()
	<-c.recv.done.given() // what handlers finished meanwhile is noted
	c.mu.Lock()
	batch := c.sess.TakeBatch()
	c.mu.Unlock()
	if batch != nil {
		c.commit(batch)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sess = nil
}

// nextSave waits for something to save. last tells that it is all.
func (c *Client) nextSave() (batch *session.Batch, last bool) {
	for {
		c.mu.Lock()
		var retry <-chan time.Time
		if !c.saver.pause || c.saver.last {
			batch = c.sess.TakeBatch()
		}
		last = c.saver.last
		if batch != nil || last {
			c.mu.Unlock()
			return batch, last
		}
		if c.saver.pause {
			timer := time.NewTimer(saveRetry)
			defer timer.Stop()
			retry = timer.C
		}
		c.saver.idle = true
		c.mu.Unlock()
		select {
		case <-c.saver.wake:
		case <-retry:
			c.mu.Lock()
			if !c.saver.idle { // woken at the same time
				<-c.saver.wake
			}
			c.saver.idle = false
			c.mu.Unlock()
		}
		c.mu.Lock()
		c.saver.pause = false // try again
		c.mu.Unlock()
	}
}

// commit saves batch and goes on with what depended on it.
func (c *Client) commit(batch *session.Batch) {
	var err error
	if len(batch.Changes) > 0 { // else something only waited for its turn
		err = c.saver.store.Commit(batch.Changes)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.savedLocked(batch, err)
}

func (c *Client) savedLocked(batch *session.Batch, err error) {
	c.sess.Tell(time.Now())
	var done session.Saved
	c.send.buf, done = c.sess.Saved(c.send.buf, batch, err)
	for _, e := range done.Accepted {
		if d, ok := e.Owner.(*Delivery); ok {
			d.op.accepted = true
			d.op.acceptLocked()
		}
	}
	for _, e := range done.Failed {
		c.failEntryLocked(e, ErrNotSent, fmt.Errorf("store: %w", err))
	}
	for _, token := range done.Tokens {
		if it, ok := token.(item); ok {
			c.recv.deferred--
			c.recv.push(it)
		}
	}
	c.pumpedLocked()
	if len(batch.Changes) > 0 {
		c.noteSaveLocked(err)
	}
	c.flushLocked()
}

// noteSaveLocked tells the Error handler once that the store fails.
func (c *Client) noteSaveLocked(err error) {
	began := err != nil && !c.saver.failed
	c.saver.pause, c.saver.failed = err != nil, err != nil
	if began {
		c.recv.pushError(fmt.Errorf("store: %w", err))
		c.logLocked(slog.LevelError, "mqtt: the store fails", "error", err)
	}
}

// load puts the session together from what the store has.
func (c *Client) load() error {
	l := c.sess.NewLoader()
	err := c.saver.store.Load(func(key uint64, value []byte) error {
		if err := l.Load(key, value); err != nil {
			c.opened.Transport.Logger.Warn("mqtt: a record of the store makes no sense and is left alone", "error", err)
			c.recv.pushError(fmt.Errorf("store: %w", err))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if l.Owner != "" && l.Owner != c.cfg.ClientID {
		return &ArgumentError{Name: "Config.Store", What: fmt.Sprintf("belongs to client %q, not to %q", l.Owner, c.cfg.ClientID)}
	}
	c.send.quarantined = l.Aside
	if v := Version(l.Version); slices.Contains(autoVersions, v) {
		c.supervisor.spoken.stored = v
	}
	if l.Owner == "" {
		c.sess.Own(c.cfg.ClientID)
	}
	l.Finish(func(e session.Entry, topic string) *session.Entry {
		f := &flow{Delivery: Delivery{client: c, topic: topic}, operation: operation{call: c.recv.report, accepted: true}}
		f.op = &f.operation
		f.entry = e
		f.entry.Owner = &f.Delivery
		return &f.entry
	})
	return nil
}
