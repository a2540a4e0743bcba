package mqttjs

import (
	"slices"

	"dunlin/jsre/module/mqttjs/life"
	"dunlin/jsre/module/mqttjs/packet"
)

// window keeps to the server's Receive Maximum: messages of QoS 1 and 2 beyond it wait for acknowledgements
// [MQTT-3.3.4-9]. What is published behind one that waits waits, too, so that messages keep their order and
// topic aliases their meaning.
type window struct {
	most    int             // messages of QoS 1 and 2 that the server takes at a time; 0: any number
	flying  map[uint16]bool // those that were sent on this connection and are not acknowledged
	waiting []waitingPublish
}

// waitingPublish is a message that waits for room.
type waitingPublish struct {
	o    *outgoing
	kept *outgoing // as it is in the store; nil: at QoS 0
}

// newWindow is the window for the server that answered with these properties.
func newWindow(properties []packet.Property) window {
	if most := packet.FindProperty(properties, packet.ReceiveMaximum); most != nil && most.Num > 0 && most.Num < 65535 {
		return window{most: int(most.Num), flying: map[uint16]bool{}}
	}
	return window{}
}

func (w *window) hasRoom(o *outgoing) bool { return o.p.QoS == 0 || len(w.flying) < w.most }

// publishNow sends a message on the connection that stands, as soon as the server takes it.
func (c *client) publishNow(m waitingPublish) {
	w := &c.window
	if w.most == 0 || len(w.waiting) == 0 && w.hasRoom(m.o) {
		c.writeMessage(m)
		return
	}
	m.o.p.Payload = slices.Clone(m.o.p.Payload) // the script may change its own
	w.waiting = append(w.waiting, m)
}

func (c *client) writeMessage(m waitingPublish) {
	c.write(m.o)
	if m.kept != nil {
		m.kept.wasSent = m.o.wasSent
	}
}

// note has a message that is being sent take its room.
func (w *window) note(p *packet.Packet) {
	if w.most > 0 && p.Type == packet.Publish && p.QoS > 0 {
		w.flying[p.ID] = true
	}
}

// makeRoom frees the room of a message that the server has done with, and sends what waited for it.
func (c *client) makeRoom(p *packet.Packet) {
	w := &c.window
	if w.most == 0 || p.Type == packet.PubRec && p.Code < 0x80 || p.Type == packet.SubAck || p.Type == packet.UnsubAck {
		return
	}
	delete(w.flying, p.ID)
	for len(w.waiting) > 0 && w.hasRoom(w.waiting[0].o) && c.life.Phase() == life.Live {
		c.writeMessage(w.waiting[0])
		if len(w.waiting) > 0 {
			w.waiting = w.waiting[1:] // by now: what a listener of packetsend publishes comes behind
		}
	}
}

// forget drops a message that was given up before it was sent.
func (w *window) forget(id uint16) {
	w.waiting = slices.DeleteFunc(w.waiting, func(m waitingPublish) bool { return m.o.p.QoS > 0 && m.o.p.ID == id })
}

// closeWindow ends the wait for room with the connection. What is stored is sent again by the next one;
// what is not is sent behind it, or refused.
func (c *client) closeWindow() {
	waiting := c.window.waiting
	c.window = window{}
	for _, m := range waiting {
		switch kept, err := c.lasting(m.o); {
		case m.o.p.QoS > 0:
		case err != nil:
			m.o.tellSent(err)
		case c.queueQoS0:
			c.parked = append(c.parked, kept)
		default:
			m.o.tellSent(c.plainError("No connection to broker"))
		}
	}
}
