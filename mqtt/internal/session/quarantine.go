package session

// A server that cannot bear a message may end the connection each time that it
// comes, and so hold up everything behind it. A publish that was in flight at
// suspect such ends is a suspect: while there is one, publishes go out one by
// one, which shows whose fault it is. At outcast ends, the last ones alone, it is
// given up.
const (
	suspect = 3
	outcast = 6
)

// places returns how many publishes may be in flight.
func (s *Session) places() int {
	if s.suspects > 0 {
		return 1
	}
	return s.window
}

// blame notes that the connection was lost with e in flight.
func (s *Session) blame(e *Entry, byServer, alone bool) {
	if !byServer || !e.inWindow || e.stage != sent || e.saving || e.losses >= suspect && !alone {
		return
	}
	switch e.losses++; e.losses {
	case suspect:
		s.suspects++
	case outcast:
		if e.onRecord {
			e.sealRecord(s.cfg.Version)
			s.stageChange(keyAside|e.order, e.record, step{})
		}
		s.finish(e)
		s.outcasts = append(s.outcasts, e)
	}
}

// TakeOutcasts returns the publishes that were given up because the server
// disconnects at them. A store has them aside.
func (s *Session) TakeOutcasts() []*Entry {
	o := s.outcasts
	s.outcasts = nil
	return o
}
