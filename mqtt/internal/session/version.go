package session

import (
	"errors"

	"dunlin/mqtt/internal/wire"
)

var errNeeds5 = errors.New("the message has properties, which need MQTT 5, and the server has come to MQTT 3.1.1")

// Speak has the session go on by cfg, whose version may be another than before: what is kept is
// encoded anew. It is for a connection that begins, before Start. It returns the publishes that the
// version has no words for.
func (s *Session) Speak(cfg Config) (failed []Failure) {
	before := s.cfg.Version
	s.cfg = cfg
	if cfg.Version == before {
		return nil
	}
	for _, e := range s.Unfinished() {
		if e.record == nil { // of a QoS 2 message only PUBREL is left
			continue
		}
		if err := s.translate(e, before); err != nil {
			failed = append(failed, Failure{e, err})
			s.abandon(e)
		}
	}
	return failed
}

// translate encodes e's packet, which is one of version before, in that of the session.
func (s *Session) translate(e *Entry, before wire.Version) error {
	old := e.packet()
	h, n, err := wire.ParseHeader(old, before)
	if err != nil {
		return err
	}
	p, err := wire.ParsePublish(h, old[n:], before)
	if err != nil {
		return err
	}
	if len(p.Properties) > 0 && s.cfg.Version < wire.V5 {
		return errNeeds5
	}
	s.drop(e)
	err = s.keep(e, &p)
	if e.id == 0 {
		s.queueBytes += len(e.packet()) - len(old)
	}
	return err
}

// abandon ends e, which cannot go on.
func (s *Session) abandon(e *Entry) {
	if e.id == 0 {
		s.Cancel(e)
	} else {
		s.finish(e)
	}
}

// NoteVersion saves which version the session is of, if that is not what the store has: for a later
// process that leaves it open. first says that it is to be saved where the store says nothing.
func (s *Session) NoteVersion(first bool) {
	if !s.cfg.Save || s.noted == s.cfg.Version || s.noted == 0 && !first {
		return
	}
	s.noted = s.cfg.Version
	s.stageChange(keyVersion, []byte{recordFormat, byte(s.noted)}, step{})
}
