package mqtt

import (
	"context"

	"dunlin/mqtt/internal/wire"
)

// Message is an application message, outgoing or received.
type Message struct {
	Topic   string
	Payload []byte
	QoS     QoS
	Retain  bool

	// Lent says that Payload stays as it is until the publish is complete, as its
	// Delivery or done tells; after Enqueue for good. Then a payload above 16 KiB is
	// written to a TCP or unix socket from where it is, and not copied first. It is
	// copied even so where it has to wait, or may have to be sent again: with
	// Reconnect or a Store at QoS 1 and 2, and with a full window. A server that
	// acknowledges what it has not read yet ends a publish early, and is sent what the
	// memory holds then. Publish at QoS 0 with a context that cannot end lends by
	// itself. It is ignored in a received message.
	Lent bool

	// Dup and PacketID are of a received message: whether the server sent it
	// before, and its packet identifier, 0 at QoS 0. They are ignored in an
	// outgoing one.
	Dup      bool
	PacketID uint16

	manual bool // the application acknowledges

	// Sequence numbers the QoS 2 messages that a client with a Config.Store
	// received, in the order in which they came first. A message that is given to
	// the handlers again, because the process was killed before it was known that
	// they were through, has the number that it had: an application that writes the
	// number together with the effect can tell. So has one that comes again because
	// its handler panicked, or never acknowledged it, perhaps behind later ones: there
	// the highest number alone does not tell. 0: no number.
	Sequence uint64

	// Properties are the MQTT 5 properties; nil for none.
	Properties *Properties

	to  *destination // of a received message; shared, not to be changed
	seq uint64       // what the session wants to acknowledge it; 0: nothing
}

// Context returns a context that ends when the client that received m is
// closed. For a message that was not received it never ends.
func (m *Message) Context() context.Context {
	if m.to == nil {
		return context.Background()
	}
	return m.to.client.ctx
}

// Ack acknowledges a QoS 1 or 2 message of a subscription with ManualAck. It
// may be called from any goroutine, once; acknowledgements leave in the order
// in which the messages came, so one that is missing holds back those after it.
// Without ManualAck, or at QoS 0, it does nothing. It returns ErrClosed when
// the client has ended: the server will send the message again if it keeps the
// session. Where a client with Reconnect has lost the connection, the server sends
// the message again: at QoS 1 it comes to the handlers again and is acknowledged by
// its new copy, at QoS 2 this acknowledgement follows then.
func (m *Message) Ack() error {
	if m.to == nil || m.seq == 0 || !m.manual {
		return nil
	}
	return m.to.client.acknowledge(m.seq, wire.Success)
}

// Reject refuses a QoS 1 or 2 message of a subscription with ManualAck: the
// server takes it as delivered and learns why it was not wanted. code is a
// failure that PUBACK and PUBREC allow, such as 0x83 Implementation specific
// error or 0x87 Not authorized. It needs MQTT 5; else, and for another code, it
// is an *ArgumentError. Otherwise it is as Ack.
func (m *Message) Reject(code ReasonCode) error {
	if m.to == nil || m.seq == 0 || !m.manual {
		return nil
	}
	if Version(m.to.client.version.Load()) < V5 {
		return &ArgumentError{Name: "Reject", What: "needs MQTT 5; use Ack"}
	}
	if code < 0x80 || !wire.IsDefined(wire.PUBACK, wire.ReasonCode(code)) {
		return &ArgumentError{Name: "code", What: code.String() + " is no failure that PUBACK allows"}
	}
	return m.to.client.acknowledge(m.seq, wire.ReasonCode(code))
}

// encode fills in the packet to send. It is not returned, because copying what has
// just been written field by field makes the processor wait.
func (m *Message) encode(p *wire.Publish) {
	p.Topic, p.Payload, p.QoS, p.Retain = m.Topic, m.Payload, byte(m.QoS), m.Retain
	p.Properties = m.Properties.encode()
}
