package mqtt

import (
	"time"

	"dunlin/mqtt/internal/wire"
)

// Message is an application message, as it is published.
type Message struct {
	Topic   string
	Payload []byte
	QoS     QoS
	Retain  bool

	// Properties are the MQTT 5 properties; nil for none.
	Properties *Properties
}

// Will is the message that the server publishes when the connection ends without
// Close.
type Will struct {
	Message
	// Delay is how long after the end of the connection it is published, rounded up to
	// whole seconds; MQTT 5 only.
	Delay time.Duration
}

// Received is a message that came from the server. Handlers get it.
type Received struct {
	Topic   string
	Payload []byte
	QoS     QoS
	Retain  bool

	// Dup is the server's word that it sent the message before, and PacketID its packet
	// identifier, 0 at QoS 0.
	Dup      bool
	manual   bool // the application acknowledges
	PacketID uint16

	// Properties are the MQTT 5 properties; nil for none.
	Properties *Properties

	// Sequence numbers the QoS 2 messages that a client with a Config.Store
	// received, in the order in which they came first. A message that is given to
	// the handlers again, because the process was killed before it was known that
	// they were through, has the number that it had: an application that writes the
	// number together with the effect can tell. So has one that comes again because
	// its handler panicked, or never acknowledged it, perhaps behind later ones: there
	// the highest number alone does not tell. 0: no number.
	Sequence uint64

	to  *destination // shared, not to be changed
	seq uint64       // what the session wants to acknowledge it; 0: nothing
}

// Message returns what can be published on: the message without what this delivery of it
// added.
func (m *Received) Message() Message {
	return Message{Topic: m.Topic, Payload: m.Payload, QoS: m.QoS, Retain: m.Retain, Properties: m.Properties}
}

// SubscriptionIDs returns the identifiers of the subscriptions that the message matches,
// as an MQTT 5 server says; not to be changed.
func (m *Received) SubscriptionIDs() []uint32 {
	if m.Properties == nil {
		return nil
	}
	return m.Properties.subscriptionIDs
}

// Ack acknowledges a QoS 1 or 2 message of a subscription with ManualAck. It
// may be called from any goroutine, once; acknowledgements leave in the order
// in which the messages came, so one that is missing holds back those after it.
// Without ManualAck, or at QoS 0, it does nothing. It returns ErrClosed when
// the client has ended: the server will send the message again if it keeps the
// session. So it does when a client with Reconnect has lost the connection on which
// the message came: at QoS 1 Ack returns ErrNotConnected then, and the message is handled once
// more; at QoS 2 it is acknowledged when it comes.
func (m *Received) Ack() error {
	if m.to == nil || m.seq == 0 || !m.manual {
		return nil
	}
	return m.to.client.acknowledge(m, wire.Success)
}

// Reject refuses a QoS 1 or 2 message of a subscription with ManualAck: the
// server takes it as delivered and learns why it was not wanted. code is a
// failure that PUBACK and PUBREC allow, such as 0x83 Implementation specific
// error or 0x87 Not authorized. It needs MQTT 5; else, and for another code, it
// is an *ArgumentError. Otherwise it is as Ack.
func (m *Received) Reject(code ReasonCode) error {
	if m.to == nil || m.seq == 0 || !m.manual {
		return nil
	}
	if Version(m.to.client.version.Load()) < V5 {
		return &ArgumentError{Name: "Reject", What: "needs MQTT 5; use Ack"}
	}
	if code < 0x80 || !wire.IsDefined(wire.PUBACK, wire.ReasonCode(code)) {
		return &ArgumentError{Name: "code", What: code.String() + " is no failure that PUBACK allows"}
	}
	return m.to.client.acknowledge(m, wire.ReasonCode(code))
}

// Skip leaves a QoS 1 or 2 message of a subscription with ManualAck unacknowledged,
// as that of a handler that panicked is: acknowledgements of later messages do not
// wait for it any more, and the server sends it again on a later connection of the
// session. On this one it goes on to count among those that the server has in
// flight. Otherwise it is as Ack.
func (m *Received) Skip() error {
	if m.to == nil || m.seq == 0 || !m.manual {
		return nil
	}
	return m.to.client.skip(m.seq)
}

// encode fills in the packet to send. It is not returned, because copying what has
// just been written field by field makes the processor wait.
func (m *Message) encode(p *wire.Publish) {
	p.Topic, p.Payload, p.QoS, p.Retain = m.Topic, m.Payload, byte(m.QoS), m.Retain
	p.Properties = m.Properties.encode()
}
