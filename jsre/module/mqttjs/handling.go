package mqttjs

// acknowledgement is how a message of QoS 1 or 2 is acknowledged; of one of QoS 0 it is empty.
type acknowledgement struct {
	settle func() // what the client does for itself, on whatever connection; nil: nothing
	answer func() // what it sends on the connection on which the message came
	refuse func() // is called instead when the message is not acknowledged; nil: nothing is
}

func (a acknowledgement) give() {
	if a.settle != nil {
		a.settle()
	}
	if a.answer != nil {
		a.answer()
	}
}

func (a acknowledgement) withhold() {
	if a.refuse != nil {
		a.refuse()
	}
}

// handling is a message that loops of client.messages have. It is acknowledged when the last of them asks for the
// next one. It does not hold back the acknowledgements of messages that no loop has: a loop may take
// its time, and one that fails never acknowledges.
type handling struct {
	c       *client
	of      *stream // where the server waits for the acknowledgement
	qos     byte
	id      uint16
	ack     acknowledgement
	left    int  // who has not done with it: loops, and whoever delivers it
	refused bool // a loop did not do its work
}

// done tells that one of those has.
func (h *handling) done() { h.leave(false) }

// fail tells that one of those will not: the server sends the message again when the session goes on.
func (h *handling) fail() { h.leave(true) }

func (h *handling) leave(refused bool) {
	h.refused = h.refused || refused
	if h.left--; h.left > 0 {
		return
	}
	c := h.c
	if h.qos == 2 && c.inLoops[h.id] == h {
		delete(c.inLoops, h.id)
	}
	switch {
	case h.refused || h.of == nil:
	case h.of == c.stream && !h.of.gone:
		h.ack.give()
	case h.ack.settle != nil: // the server asks again on its next connection, and is answered there
		h.ack.settle()
	}
}
