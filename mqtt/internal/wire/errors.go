package wire

// Error says why a packet was refused, by a parser or by Validate.
//
// Code is what an MQTT 5 client puts into its DISCONNECT: MalformedPacket (0x81) when
// the bytes cannot be read, ProtocolError (0x82) when they can but are forbidden, or
// the more exact code that the standard names.
type Error struct {
	Code ReasonCode
	Type Type   // the packet's type, 0 when it is not known
	What string // what is wrong, without a full stop
}

// Error returns one line: "PUBLISH: QoS 3 (0x81 Malformed Packet)".
func (e *Error) Error() string {
	where := e.Type.String()
	if e.Type == 0 {
		where = "packet"
	}
	return where + ": " + e.What + " (" + hexByte(byte(e.Code)) + " " + e.Code.Name() + ")"
}

// hexByte formats b as 0x0F, without the weight of package fmt.
func hexByte(b byte) string {
	const digits = "0123456789ABCDEF"
	return string([]byte{'0', 'x', digits[b>>4], digits[b&0x0F]})
}
