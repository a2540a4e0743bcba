package packet

import "dunlin/mqtt/internal/wire"

// ParseConnect parses the body of a CONNECT of any version. A protocol name or level
// that is not known gives an Error with UnsupportedProtocolVersion.
func ParseConnect(h Header, body []byte) (Connect, error) {
	r := wire.NewReader(h, body, CONNECT)
	c := Connect{Version: protocol(&r)}
	flags := r.Uint8("connect flags")
	checkFlags(&r, flags, c.Version)
	c.CleanStart = flags&wire.FlagCleanStart != 0
	c.KeepAlive = r.Uint16("keep alive")
	if c.Version == V5 {
		c.Properties = r.Properties(CONNECT)
		r.Check(wire.CheckAuthentication(CONNECT, c.Properties))
	}
	// [MQTT-3.1.3-1] the order of the payload's fields.
	c.ClientID = r.Text("client identifier")
	if flags&wire.FlagWill != 0 {
		c.Will = will(&r, flags, c.Version)
	}
	if c.HasUsername = flags&wire.FlagUsername != 0; c.HasUsername {
		c.Username = r.Text("user name")
	}
	if c.HasPassword = flags&wire.FlagPassword != 0; c.HasPassword {
		c.Password = r.Binary("password")
	}
	if err := r.End(); err != nil {
		return Connect{}, err
	}
	return c, nil
}

// protocol reads the protocol's name and level: [MQTT-3.1.2-1] [MQTT-3.1.2-2].
func protocol(r *wire.Reader) Version {
	name := r.Text("protocol name")
	v := Version(r.Uint8("protocol level"))
	if v < V31 || v > V5 || name != wire.ProtocolName(v) {
		r.Fail(wire.UnsupportedProtocolVersion, "protocol name and level are not those of MQTT 3.1, 3.1.1 or 5")
	}
	return v
}

func checkFlags(r *wire.Reader, flags byte, v Version) {
	switch {
	case flags&0x01 != 0:
		r.Fail(wire.MalformedPacket, "reserved connect flag is set") // [MQTT-3.1.2-3]
	case flags&wire.MaskWillQoS == wire.MaskWillQoS:
		r.Fail(wire.MalformedPacket, "will QoS 3") // [MQTT-3.1.2-14] of 3.1.1, [MQTT-3.1.2-12] of 5
	case flags&wire.FlagWill == 0 && flags&(wire.MaskWillQoS|wire.FlagWillRetain) != 0:
		r.Fail(wire.MalformedPacket, "will flags without a will") // [MQTT-3.1.2-11] of 3.1.1, [MQTT-3.1.2-11], [MQTT-3.1.2-13] of 5
	case v < V5 && flags&(wire.FlagUsername|wire.FlagPassword) == wire.FlagPassword:
		r.Fail(wire.MalformedPacket, "password without user name") // [MQTT-3.1.2-22] of 3.1.1
	}
}

func will(r *wire.Reader, flags byte, v Version) *wire.Will {
	w := &wire.Will{QoS: flags & wire.MaskWillQoS >> wire.ShiftWillQoS, Retain: flags&wire.FlagWillRetain != 0}
	if v == V5 {
		w.Properties = r.Properties(wire.WillProperties)
	}
	if w.Topic = r.Topic("will topic"); w.Topic == "" {
		r.Fail(wire.ProtocolError, "will topic is empty") // [MQTT-4.7.3-1]
	}
	w.Payload = r.Binary("will payload")
	return w
}
