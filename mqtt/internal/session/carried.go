package session

import (
	"maps"
	"slices"
)

// suspend keeps what was not acknowledged on the connection that ended. No
// acknowledgement is carried over: each waits until the server sends its message
// again [MQTT-4.4.0-1] of 5.
func (in *inbound) suspend() {
	for i := range in.pending.len() {
		r := in.pending.at(i)
		c := r.from
		if c == nil {
			c = &carried{seq: in.first + uint64(i)}
		}
		c.receipt, c.now = *r, 0
		c.from = nil
		in.carry(c)
	}
	in.first = max(in.first, 1) + uint64(in.pending.len())
	in.pending = fifo[receipt]{}
	in.qos1 = 0
}

// carry keeps c, unless the application has left it out: then it comes again.
func (in *inbound) carry(c *carried) {
	if c.done && c.skip {
		in.leaveOut(c)
		return
	}
	if in.carried == nil {
		in.carried = make(map[uint64]*carried)
		in.byID = make(map[uint16]*carried)
	}
	in.carried[c.seq] = c
	if c.qos == 1 {
		in.byID[c.id] = c
		return
	}
	f := in.qos2[c.id]
	f.held = c
	in.qos2[c.id] = f
}

// forgetCarried drops c: it was acknowledged, or is not to come again.
func (in *inbound) forgetCarried(c *carried) {
	delete(in.carried, c.seq)
	if in.byID[c.id] == c {
		delete(in.byID, c.id)
	}
}

// settleCarried notes what the application says of a message from an earlier
// connection, and acknowledges it if it was received again.
func (s *Session) settleCarried(dst []byte, c *carried, verdict receipt) ([]byte, bool) {
	if c.now != 0 {
		in := &s.in
		r := in.pending.at(int(c.now - in.first))
		if r.done {
			return dst, false
		}
		r.done, r.skip, r.code = true, verdict.skip, verdict.code
		return s.drain(dst), true
	}
	if c.done {
		return dst, false
	}
	c.done, c.skip, c.code = true, verdict.skip, verdict.code
	if c.skip {
		s.in.leaveOut(c)
	}
	if s.cfg.Save {
		s.noteThrough()
	}
	return dst, true
}

// noteThrough has it saved which QoS 2 messages the handlers are through with,
// though the server does not know: a later process does not give them to a handler
// either. It does so in the order in which they came, as they are to be
// acknowledged in it.
func (s *Session) noteThrough() {
	for _, seq := range slices.Sorted(maps.Keys(s.in.carried)) {
		c := s.in.carried[seq]
		if c.qos != 2 {
			continue
		}
		if !c.done || c.code >= 0x80 {
			return
		}
		if !c.noted {
			c.noted = true
			s.stageChange(keyInbound|uint64(c.id), inboundRecord(s.in.qos2[c.id].sequence, true), step{})
		}
	}
}

// leaveOut forgets c, so that it is delivered when the server sends it again.
func (in *inbound) leaveOut(c *carried) {
	in.forgetCarried(c)
	if c.qos == 1 {
		return
	}
	if f := in.qos2[c.id]; f.sequence != 0 {
		in.qos2[c.id] = flow2{sequence: f.sequence, restored: true}
		return
	}
	delete(in.qos2, c.id)
}

// dropInbound forgets what the server has lost: its identifiers mean new messages
// from now on.
func (s *Session) dropInbound() {
	in := &s.in
	if s.cfg.Save {
		for _, id := range slices.Sorted(maps.Keys(in.qos2)) { // a schedule replays exactly
			s.stageChange(keyInbound|uint64(id), nil, step{})
		}
	}
	in.qos2, in.carried, in.byID = nil, nil, nil
}
