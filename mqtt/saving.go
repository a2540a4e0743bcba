package mqtt

import (
	"fmt"
	"time"

	"dunlin/mqtt/internal/session"
)

// saver is the state of the save loop, which takes what the session has to save
// to the Config.Store: all that came up while the last batch was being saved is
// one batch.
type saver struct {
	wake    chan struct{} // nil: there is no store
	idle    bool          // the loop waits to be woken
	last    bool          // the client ends: save what there is, once
	failing bool          // the last batch was not saved
}

// saveRetry is how long the save loop waits after a failure, unless there is
// something new to save.
const saveRetry = time.Second

// kickSaverLocked wakes the save loop when there is something to do.
func (c *Client) kickSaverLocked() {
	if c.saver.idle && (c.saver.last || c.sess != nil && c.sess.Staged()) {
		c.saver.idle = false
		c.saver.wake <- struct{}{}
	}
}

// saveLoop saves until the client has ended and no handler runs any more.
func (c *Client) saveLoop() {
	defer close(c.saved)
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
	<-c.delivered // what handlers finished meanwhile is noted
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
		if !c.saver.failing || c.saver.last {
			batch = c.sess.TakeBatch()
		}
		last = c.saver.last
		if batch != nil || last {
			c.mu.Unlock()
			return batch, last
		}
		if c.saver.failing {
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
		c.saver.failing = false // try again
		c.mu.Unlock()
	}
}

// commit saves batch and goes on with what depended on it.
func (c *Client) commit(batch *session.Batch) {
	var err error
	if len(batch.Changes) > 0 { // else something only waited for its turn
		err = c.store.Commit(batch.Changes)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.savedLocked(batch, err)
}

func (c *Client) savedLocked(batch *session.Batch, err error) {
	c.sess.Tell(time.Now())
	buf, done := c.sess.Saved(c.out.buf, batch, err)
	if c.state == connected {
		c.out.buf = buf
	}
	for _, e := range done.Accepted {
		if d, ok := e.Owner.(*Delivery); ok {
			d.more.accepted = true
			d.more.acceptLocked()
		}
	}
	for _, e := range done.Failed {
		c.failEntryLocked(e, ErrNotSent, fmt.Errorf("store: %w", err))
	}
	for _, token := range done.Tokens {
		if it, ok := token.(item); ok {
			c.in.deferred--
			c.pushLocked(it)
		}
	}
	c.pumpedLocked()
	if len(batch.Changes) > 0 {
		c.noteSaveLocked(err)
	}
	c.kickIfAppendedLocked()
}

// noteSaveLocked tells the Error handler once that the store fails.
func (c *Client) noteSaveLocked(err error) {
	began := err != nil && !c.course.unsaved
	c.saver.failing, c.course.unsaved = err != nil, err != nil
	if began {
		c.pushErrorLocked(fmt.Errorf("store: %w", err))
		c.log.Error("mqtt: the store fails", "error", err)
	}
}

// load puts the session together from what the store has.
func (c *Client) load() error {
	l := c.sess.NewLoader()
	err := c.store.Load(func(key uint64, value []byte) error {
		if err := l.Load(key, value); err != nil {
			c.log.Warn("mqtt: a record of the store makes no sense and is left alone", "error", err)
			c.pushErrorLocked(fmt.Errorf("store: %w", err))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if l.Owner != "" && l.Owner != c.cfg.ClientID {
		return &ArgumentError{Name: "Config.Store", What: fmt.Sprintf("belongs to client %q, not to %q", l.Owner, c.cfg.ClientID)}
	}
	c.course.aside = l.Aside
	if l.Owner == "" {
		c.sess.Own(c.cfg.ClientID)
	}
	l.Finish(func(e session.Entry, topic string) *session.Entry {
		f := &flow{Delivery: Delivery{client: c, topic: topic}, operation: operation{call: c.report, accepted: true}}
		f.more = &f.operation
		f.entry = e
		f.entry.Owner = &f.Delivery
		return &f.entry
	})
	return nil
}
