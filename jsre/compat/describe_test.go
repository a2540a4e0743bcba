package compat

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"dunlin/mqtt/mqtttest/packet"
)

// describe says in a line what a client sent; what breaks the protocol, in hexadecimal.
func (c *connection) describe(p []byte) string {
	kind := packet.Type(p[0] >> 4)
	if text, err := c.fields(kind, p); err == nil {
		return strings.TrimSpace(kind.String() + " " + text)
	}
	return fmt.Sprintf("%s % X", kind, p)
}

func (c *connection) fields(kind packet.Type, p []byte) (string, error) {
	h, n, err := packet.ParseHeader(p, c.version)
	if err != nil {
		return "", err
	}
	body := p[n:]
	switch kind {
	case packet.CONNECT:
		return c.connect(h, body)
	case packet.PUBLISH:
		m, err := packet.ParsePublish(h, body, c.version)
		return fmt.Sprintf("%s %q %q qos %d%s%s%s", c.identify(m.PacketID), m.Topic, m.Payload, m.QoS, when(m.Retain, " retain"), when(m.Dup, " dup"),
			properties(m.Properties)), err
	case packet.SUBSCRIBE:
		s, err := packet.ParseSubscribe(h, body, c.version)
		text := c.identify(s.PacketID)
		for _, f := range s.Filters {
			text += fmt.Sprintf(" %q:%02X", f.Topic, f.Options)
		}
		return text + properties(s.Properties), err
	case packet.UNSUBSCRIBE:
		u, err := packet.ParseUnsubscribe(h, body, c.version)
		return fmt.Sprintf("%s %q%s", c.identify(u.PacketID), u.Filters, properties(u.Properties)), err
	case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP:
		a, err := packet.ParseAck(h, body, c.version)
		id := fmt.Sprintf("%d", a.PacketID) // the server's own, but for PUBREL
		if kind == packet.PUBREL {
			id = c.identify(a.PacketID)
		}
		return fmt.Sprintf("%s %d%s", id, a.Code, properties(a.Properties)), err
	case packet.DISCONNECT:
		d, err := packet.ParseDisconnect(h, body, c.version)
		return fmt.Sprintf("%d%s", d.Code, properties(d.Properties)), err
	case packet.PINGREQ:
		return "", nil
	default:
		return fmt.Sprintf("% X", body), nil
	}
}

// connect takes the version of what follows from the CONNECT.
func (c *connection) connect(h packet.Header, body []byte) (string, error) {
	if name := binary.BigEndian.Uint16(body); len(body) > int(name)+2 {
		c.version = packet.Version(body[name+2] & 0x7F)
	}
	p, err := packet.ParseConnect(h, body)
	text := fmt.Sprintf("version %d id %q keepalive %d%s", p.Version, p.ClientID, p.KeepAlive, when(p.CleanStart, " clean"))
	if p.HasUsername {
		text += fmt.Sprintf(" user %q", p.Username)
	}
	if p.HasPassword {
		text += fmt.Sprintf(" password %q", p.Password)
	}
	if w := p.Will; w != nil {
		text += fmt.Sprintf(" will %q %q qos %d%s%s", w.Topic, w.Payload, w.QoS, when(w.Retain, " retain"), properties(w.Properties))
	}
	return text + properties(p.Properties), err
}

func when(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

// identify numbers the client's packet identifiers in the order of their first use, for MQTT.js
// begins with any.
func (c *connection) identify(id uint16) string {
	if id == 0 {
		return ""
	}
	if _, known := c.ids[id]; !known {
		c.ids[id] = len(c.ids) + 1
	}
	return fmt.Sprintf("#%d", c.ids[id])
}

// properties lists properties by name, in the order of their numbers.
func properties(list packet.Properties) string {
	ids := list.AppendIDs(nil)
	slices.Sort(ids)
	var out strings.Builder
	for _, id := range slices.Compact(ids) {
		property := packet.PropertyID(id)
		fmt.Fprintf(&out, ", %s", property)
		if text, ok := list.Text(property); ok {
			fmt.Fprintf(&out, " %q", text)
		} else if number, ok := list.Uint(property); ok {
			fmt.Fprintf(&out, " %d", number)
		} else if data, ok := list.Binary(property); ok {
			fmt.Fprintf(&out, " %X", data)
		}
	}
	for name, value := range list.UserProperties() {
		fmt.Fprintf(&out, " %q=%q", name, value)
	}
	for id := range list.SubscriptionIDs() {
		fmt.Fprintf(&out, " %d", id)
	}
	return out.String()
}
