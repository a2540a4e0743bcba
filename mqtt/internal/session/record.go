package session

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"dunlin/mqtt/internal/wire"
)

// The keys of what is saved: what it is in the highest byte, which one in the
// rest. Messages are under their order of acceptance, so that a store that
// keeps keys in order keeps that.
const (
	keyOwner    = 0          // whose session it is
	keyReserved = 1          // sequence numbers up to this one may have been used
	keyVersion  = 2          // which version of the protocol the session is of
	keyPublish  = 1 << 56    // | order: recordHead and the PUBLISH packet
	keyFlow     = 2 << 56    // | order: a flowRecord
	keyInbound  = 3 << 56    // | packet identifier: an inboundRecord
	keyAside    = 4 << 56    // | order: as keyPublish, of a message in quarantine
	keyKind     = 0xFF << 56 // the mask of what it is
)

// recordHead is what stands in front of a saved packet: the format, the
// protocol's version, the packet identifier and when the message expires.
const recordHead = 12

// recordFormat is the first byte of every record.
const recordFormat = 1

// reserve is how many sequence numbers are reserved at once.
const reserve = 1 << 10

var errRecord = errors.New("is not a record of this format")

// sealRecord fills in the head of e's record.
func (e *Entry) sealRecord(v wire.Version) {
	head := e.record[:recordHead]
	head[0], head[1] = recordFormat, byte(v)
	binary.BigEndian.PutUint16(head[2:], e.id)
	binary.BigEndian.PutUint64(head[4:], uint64(e.Expires))
}

func (e *Entry) flowRecord() []byte {
	b := []byte{recordFormat, byte(e.stage)}
	b = binary.BigEndian.AppendUint16(b, e.id)
	return binary.BigEndian.AppendUint64(b, e.rel)
}

func (f *inboundFlow) inboundRecord() []byte {
	b := []byte{recordFormat, 0}
	if f.settled {
		b[1] = 1
	}
	b = binary.BigEndian.AppendUint64(b, f.sequence)
	return binary.BigEndian.AppendUint64(b, f.digest)
}

// Own notes whose session is saved.
func (s *Session) Own(owner string) {
	s.stageChange(keyOwner, append([]byte{recordFormat}, owner...), step{})
}

// Loader puts a session together from what was saved. The records come in the
// order of their keys.
type Loader struct {
	s       *Session
	entries map[uint64]*Entry
	topics  map[uint64]int // their lengths
	loose   []uint64       // keys of records that a batch, saved in part, has left over
	Owner   string         // whose session it is, "" when none was saved
	Aside   int            // messages in quarantine
	Version wire.Version   // of the session; 0: it is not known
}

// NewLoader returns a loader for s, which must be new.
func (s *Session) NewLoader() *Loader {
	return &Loader{s: s, entries: make(map[uint64]*Entry), topics: make(map[uint64]int)}
}

// Load takes one record. value is borrowed. An error means that the record makes
// no sense, or is not of this format; the others can be used.
func (l *Loader) Load(key uint64, value []byte) error {
	order, kind := key&^keyKind, key&keyKind
	switch kind {
	case keyPublish:
		l.entries[order] = nil // until it proves to make sense
		fallthrough
	case keyFlow, keyAside:
		l.s.orders = max(l.s.orders, order) // a key is not used again while anything is under it
	}
	if len(value) == 0 || value[0] != recordFormat {
		return l.fault(key, errRecord)
	}
	var err error
	switch kind {
	case 0:
		err = l.single(key, value)
	case keyPublish:
		err = l.publish(order, value)
	case keyFlow:
		err = l.flow(order, value)
	case keyInbound:
		err = l.inbound(order, value)
	case keyAside:
		l.Aside++
		l.setAside(order)
	default:
		err = errRecord
	}
	return l.fault(key, err)
}

// single takes a record of which there is one.
func (l *Loader) single(key uint64, value []byte) error {
	switch {
	case key == keyOwner:
		l.Owner = string(value[1:])
	case key == keyVersion && len(value) == 2:
		l.s.noted, l.Version = wire.Version(value[1]), wire.Version(value[1])
	case key == keyReserved && len(value) == 9:
		l.s.in.skipTo(binary.BigEndian.Uint64(value[1:]))
	default:
		return errRecord
	}
	return nil
}

func (l *Loader) inbound(id uint64, value []byte) error {
	if len(value) != 18 || id == 0 || id > maxIDs {
		return errRecord
	}
	l.s.in.restore(uint16(id), inboundFlow{
		settled: value[1] == 1, sequence: binary.BigEndian.Uint64(value[2:]), digest: binary.BigEndian.Uint64(value[10:]),
	})
	return nil
}

func (l *Loader) fault(key uint64, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("record %#x: %w", key, err)
}

func (l *Loader) publish(order uint64, value []byte) error {
	if len(value) < recordHead {
		return errRecord
	}
	v := wire.Version(value[1])
	packet := value[recordHead:]
	h, n, err := wire.ParseHeader(packet, v)
	if err != nil {
		return err
	}
	if n == 0 || h.Type != wire.PUBLISH || n+h.Length != len(packet) {
		return errRecord
	}
	p, err := wire.ParsePublish(h, packet[n:], v)
	if err != nil {
		return err
	}
	if p.QoS == 0 {
		return errRecord
	}
	if len(p.Properties) > 0 && l.Version == 0 {
		l.Version = v // nothing else says them
	}
	if l.s.cfg.Version < wire.V5 {
		p.Properties = nil // this connection cannot say them
	}
	e := &Entry{
		kind: kind(p.QoS), order: order, again: true, onRecord: true,
		id: binary.BigEndian.Uint16(value[2:]), Expires: int64(binary.BigEndian.Uint64(value[4:])),
	}
	p.Dup = false
	l.entries[order], l.topics[order] = e, len(p.Topic)
	return l.s.keep(e, &p)
}

func (l *Loader) flow(order uint64, value []byte) error {
	if len(value) != 12 {
		return errRecord
	}
	e, there := l.entries[order]
	st := stage(value[1])
	if !there { // its message was complete
		l.loose = append(l.loose, keyFlow|order)
		return nil
	}
	if e == nil || st > released || st == released && e.kind != exactlyOnce {
		return errRecord
	}
	e.id, e.flowed = binary.BigEndian.Uint16(value[2:]), true
	e.rel = binary.BigEndian.Uint64(value[4:])
	l.s.rels = max(l.s.rels, e.rel)
	e.stage = st
	return nil
}

// setAside ends the message of that order, if it is still there: it was being put
// aside.
func (l *Loader) setAside(order uint64) {
	e := l.entries[order]
	if e == nil {
		return
	}
	l.s.drop(e)
	delete(l.entries, order)
	l.loose = append(l.loose, keyPublish|order)
	if e.flowed {
		l.loose = append(l.loose, keyFlow|order)
	}
}

// Finish gives the loaded messages their places, in the order of acceptance.
// adopt returns where an entry is to be from now on. Those with an identifier may
// have been sent. What belongs to no message is removed.
func (l *Loader) Finish(adopt func(e Entry, topic string) *Entry) {
	for _, key := range l.loose {
		l.s.stageChange(key, nil, step{})
	}
	all := make([]*Entry, 0, len(l.entries))
	for _, e := range l.entries {
		if e != nil {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *Entry) int { return cmp.Compare(a.order, b.order) })
	for _, e := range all {
		topic := string(e.packet()[int(e.idAt)-l.topics[e.order] : e.idAt])
		l.s.place(adopt(*e, topic))
	}
}

// place puts a loaded message among those in flight, or in the queue.
func (s *Session) place(e *Entry) {
	if e.id == 0 || s.out.find(e.id) != nil {
		e.id, e.again, e.stage = 0, false, waiting
		s.queue.Push(e)
		s.queueBytes += len(e.packet())
		return
	}
	s.lastID = e.id
	s.putID(e, e.id)
	e.stage = max(e.stage, sent)
	if e.stage == released {
		s.drop(e)
	}
}
