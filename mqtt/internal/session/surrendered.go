package session

// surrendered are the publishes that the session has given up, until somebody asks for them. Few
// sessions ever have one.
type surrendered struct {
	expired     []*Entry
	quarantined []*Entry // by the last Suspend
	refused     []*Entry // of QoS 2, by a server that has none
}

func (s *Session) givenUp() *surrendered {
	if s.surrendered == nil {
		s.surrendered = new(surrendered)
	}
	return s.surrendered
}

// TakeExpired returns the publishes whose time ran out before they were sent, or
// before they were sent as new to a server that had lost the session: then Again is
// true.
func (s *Session) TakeExpired() []*Entry {
	if s.surrendered == nil {
		return nil
	}
	return takeAll(&s.surrendered.expired)
}

// TakeQuarantined returns the publishes that were given up because the server
// disconnects at them. A store has them aside.
func (s *Session) TakeQuarantined() []*Entry {
	if s.surrendered == nil {
		return nil
	}
	return takeAll(&s.surrendered.quarantined)
}

// TakeRefused returns the publishes of QoS 2 that waited to be sent when the server showed
// that it has no QoS 2.
func (s *Session) TakeRefused() []*Entry {
	if s.surrendered == nil {
		return nil
	}
	return takeAll(&s.surrendered.refused)
}

func takeAll(list *[]*Entry) []*Entry {
	all := *list
	*list = nil
	return all
}
