package session

import (
	"dunlin/mqtt/internal/wire"
	"dunlin/mqtt/store"
)

// Change is one step towards what a later process has to know: Value replaces
// what Key had, nil removes it.
type Change = store.Change

// step is what may happen once the changes up to it are saved.
type step struct {
	changes int // how many changes of the batch belong to it
	entry   *Entry
	put     bool     // the change is the message itself
	ack     wire.Ack // to be sent on the same connection; Type 0: none
	token   any      // the caller's, returned by Saved
}

// staging is what waits for a batch to be saved.
type staging struct {
	batch *Batch // nil: nothing is staged
	steps int    // waiting here or in the batch that is being saved
	busy  bool
}

// Batch is what is saved at once, in this order. Changes is for the store.
type Batch struct {
	Changes []Change
	steps   []step
	epoch   uint64
}

// Saved is what became of a batch.
type Saved struct {
	Accepted []*Entry // messages that are saved now
	Failed   []*Entry // messages that are not, and are forgotten
	Tokens   []any    // from Defer, in their order
}

// Staged reports whether there is something to save.
func (s *Session) Staged() bool { return s.staging.batch != nil }

// TakeBatch returns what is to be saved now, or nil. Saved is to be called with
// it before the next one is taken.
func (s *Session) TakeBatch() *Batch {
	if s.staging.busy || !s.Staged() {
		return nil
	}
	s.staging.busy = true
	b := s.staging.batch
	s.staging.batch = nil
	return b
}

// stage notes that st may happen once changes are saved.
func (s *Session) stage(changes []Change, st step) {
	b := s.staging.batch
	if b == nil {
		b = new(Batch)
		s.staging.batch = b
	}
	b.epoch = s.epoch
	st.changes = len(changes)
	b.Changes = append(b.Changes, changes...)
	b.steps = append(b.steps, st)
	s.staging.steps++
}

// stageChange is stage for one change.
func (s *Session) stageChange(key uint64, value []byte, st step) {
	s.stage([]Change{{Key: key, Value: value}}, st)
}

// stagePublish has the message of e saved, with its identifier if it has one.
func (s *Session) stagePublish(e *Entry) {
	e.saving, e.onRecord = true, true
	e.sealRecord(s.cfg.Version)
	s.stageChange(keyPublish|e.order, e.record, step{entry: e, put: true})
}

// stageFlow has the identifier and progress of e saved.
func (s *Session) stageFlow(e *Entry) {
	e.saving, e.flowed = true, true
	s.stageChange(keyFlow|e.order, e.flowRecord(), step{entry: e})
}

// stageRemoval has the store forget e, if it has it.
func (s *Session) stageRemoval(e *Entry) {
	if e.onRecord {
		s.unrecord(e)
	}
}

func (s *Session) unrecord(e *Entry) {
	s.stageChange(keyPublish|e.order, nil, step{})
	if e.flowed {
		s.stageChange(keyFlow|e.order, nil, step{})
	}
}

// stageUnsaved has a QoS 0 message sent behind what is being saved.
func (s *Session) stageUnsaved(e *Entry, p *wire.Publish) error {
	if err := s.keep(e, p); err != nil {
		return err
	}
	s.stage(nil, step{entry: e})
	return nil
}

// Defer has Saved return token once all that was staged so far is saved.
func (s *Session) Defer(token any) { s.stage(nil, step{token: token}) }

// Saved goes on after b was saved, or was not because of err: then its messages
// fail, and everything else in it is to be saved again. It appends what may be
// sent now to dst.
func (s *Session) Saved(dst []byte, b *Batch, err error) ([]byte, Saved) {
	s.staging.busy = false
	s.staging.steps -= len(b.steps)
	var r Saved
	if err != nil {
		s.restage(b, &r)
		return s.Pump(dst), r
	}
	for i := range b.steps {
		dst = s.takeStep(dst, &b.steps[i], b.epoch == s.epoch, &r)
	}
	return s.Pump(dst), r
}

// takeStep does what st says. same tells that the connection is still the one
// of the batch: acknowledgements do not outlive it.
func (s *Session) takeStep(dst []byte, st *step, same bool, r *Saved) []byte {
	if st.token != nil {
		r.Tokens = append(r.Tokens, st.token)
	}
	if st.ack.Type != 0 && same && !s.offline {
		dst = wire.AppendAck(dst, s.cfg.Version, &st.ack)
	}
	e := st.entry
	if e == nil {
		return dst
	}
	e.saving = false
	if st.put {
		r.Accepted = append(r.Accepted, e)
	}
	return s.goOn(dst, e)
}

// goOn sends what e may send, now that what came before is saved.
func (s *Session) goOn(dst []byte, e *Entry) []byte {
	switch {
	case e.stage == finished:
	case e.kind == atMostOnce:
		return s.sendBehind(dst, e)
	case !e.publishes():
		return s.sendRequest(dst, e)
	case e.id == 0: // Pump takes it off the queue
	case e.stage == released && !s.offline:
		return s.sendRelease(dst, e)
	case e.stage == waiting && e.inWindow && !s.offline: // else Resume sends it
		return s.send(dst, e)
	}
	return dst
}

// sendBehind sends a QoS 0 message that waited for others to be saved.
func (s *Session) sendBehind(dst []byte, e *Entry) []byte {
	if !s.offline {
		return s.send(dst, e)
	}
	s.queue.Push(e)
	s.queueBytes += len(e.packet())
	return dst
}

// restage fails the messages of b, which was not saved, and has the rest of it
// saved in front of what came meanwhile.
func (s *Session) restage(b *Batch, r *Saved) {
	var later Batch
	if staged := s.staging.batch; staged != nil {
		later, s.staging.batch = *staged, nil
	}
	s.staging.steps -= len(later.steps)
	at := 0
	for _, st := range b.steps {
		changes := b.Changes[at : at+st.changes]
		at += st.changes
		switch {
		case st.put && st.entry.stage == finished: // its removal does no harm
		case st.put:
			s.forget(st.entry)
			r.Failed = append(r.Failed, st.entry)
		default:
			if b.epoch != s.epoch {
				st.ack = wire.Ack{}
			}
			s.stage(changes, st)
		}
	}
	at = 0
	for _, st := range later.steps {
		s.stage(later.Changes[at:at+st.changes], st)
		at += st.changes
	}
}

// disown takes the acknowledgements out of what is not saved yet: they belong
// to the connection that ended.
func (s *Session) disown() {
	b := s.staging.batch
	if b == nil {
		return
	}
	for i := range b.steps {
		b.steps[i].ack = wire.Ack{}
	}
	b.epoch = s.epoch
}

// forget drops a message that could not be saved.
func (s *Session) forget(e *Entry) {
	e.saving, e.onRecord = false, false
	if e.id != 0 {
		s.finish(e)
		return
	}
	s.Cancel(e)
}
