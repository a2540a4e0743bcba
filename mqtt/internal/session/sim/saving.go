package sim

import (
	"slices"

	"dunlin/mqtt/internal/session"
)

// saveStep goes one step on with saving: take, write, tell.
func (c *client) saveStep() bool {
	switch {
	case c.batch == nil:
		c.batch, c.written = c.sess.TakeBatch(), false
		return c.batch != nil
	case !c.written && c.w.faults && c.w.chance(10):
		c.failures++
		c.tell(errDisk)
	case !c.written:
		c.commit()
	default:
		c.tell(nil)
	}
	return true
}

func (c *client) commit() {
	c.written = true
	c.apply(c.batch.Changes)
}

// tear has a part of the batch that was being saved survive the end of the process.
func (c *client) tear() {
	if c.batch == nil || c.written || len(c.batch.Changes) == 0 {
		return
	}
	n := c.w.rng.IntN(len(c.batch.Changes) + 1)
	if n > 0 && n < len(c.batch.Changes) {
		c.torn++
	}
	c.apply(c.batch.Changes[:n])
}

func (c *client) apply(changes []session.Change) {
	for _, ch := range changes {
		if ch.Value == nil {
			delete(c.disk, ch.Key)
			continue
		}
		c.disk[ch.Key] = slices.Clone(ch.Value)
	}
}
