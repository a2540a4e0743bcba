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

	// Dup and PacketID are of a received message: whether the server sent it
	// before, and its packet identifier, 0 at QoS 0. They are ignored in an
	// outgoing one.
	Dup      bool
	PacketID uint16

	// Properties are the MQTT 5 properties; nil for none.
	Properties *Properties

	client *Client
	seq    uint64 // what the session wants to acknowledge it; 0: nothing
	manual bool   // the application acknowledges
}

// Context returns a context that ends when the client that received m is
// closed. For a message that was not received it never ends.
func (m *Message) Context() context.Context {
	if m.client == nil {
		return context.Background()
	}
	return m.client.ctx
}

// Ack acknowledges a QoS 1 or 2 message of a subscription with ManualAck. It
// may be called from any goroutine, once; acknowledgements leave in the order
// in which the messages came, so one that is missing holds back those after it.
// Without ManualAck, or at QoS 0, it does nothing. It returns ErrClosed when
// the connection that brought the message has ended: the server will send the
// message again if it keeps the session.
func (m *Message) Ack() error {
	if m.client == nil || m.seq == 0 || !m.manual {
		return nil
	}
	return m.client.acknowledge(m.seq)
}

// packet returns m as the packet to send.
func (m *Message) packet() wire.Publish {
	return wire.Publish{
		Topic: m.Topic, Payload: m.Payload, QoS: byte(m.QoS), Retain: m.Retain,
		Properties: m.Properties.encode(),
	}
}
