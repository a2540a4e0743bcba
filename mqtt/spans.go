package mqtt

// span is what a connection that ended had not written, as positions in the
// stream of all connections. From start on the write loop had not even taken it.
type span struct{ written, start, end uint64 }

// maxSpans bounds how many of them are told apart.
const maxSpans = 64

// outcome tells what became of the packet that ends at position.
func (s *span) outcome(position uint64) error {
	if position > s.start {
		return ErrNotSent
	}
	return ErrInDoubt
}

// losing returns the span in which position is, or nil.
func (o *outbox) losing(position uint64) *span {
	for i := range o.lost {
		if s := &o.lost[i]; position > s.written && position <= s.end {
			return s
		}
	}
	return nil
}

// abandon begins the out-buffer of another connection: what was not written never
// will be.
func (o *outbox) abandon() {
	if end := o.end(); end > o.written {
		if len(o.lost) == maxSpans { // the oldest two become one
			o.lost[1].written = o.lost[0].written
			o.lost = append(o.lost[:0], o.lost[1:]...)
		}
		o.lost = append(o.lost, span{o.written, o.start, end})
		o.start, o.written = end, end
	}
	o.buf, o.other, o.waiters = nil, nil, nil
	o.lent.abandon()
	o.idle, o.last, o.topic = false, false, ""
}
