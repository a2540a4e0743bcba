package sparkplugb

import "google.golang.org/protobuf/encoding/protowire"

// Append appends a payload as it is on the wire.
func (p *Payload) Append(dst []byte) []byte {
	dst = appendVarint(dst, 1, p.Timestamp)
	for i := range p.Metrics {
		dst = appendMessage(dst, 2, p.Metrics[i].append)
	}
	dst = appendVarint(dst, 3, p.Seq)
	dst = appendText(dst, 4, p.UUID)
	if p.Body.Has {
		dst = protowire.AppendBytes(protowire.AppendTag(dst, 5, protowire.BytesType), p.Body.V)
	}
	return dst
}

func (m *Metric) append(dst []byte) []byte {
	dst = appendText(dst, 1, m.Name)
	dst = appendVarint(dst, 2, m.Alias)
	dst = appendVarint(dst, 3, m.Timestamp)
	dst = appendUint32(dst, 4, m.Type)
	dst = appendBool(dst, 5, m.Historical)
	dst = appendBool(dst, 6, m.Transient)
	dst = appendBool(dst, 7, m.Null)
	if m.Metadata != nil {
		dst = appendMessage(dst, 8, m.Metadata.append)
	}
	if m.Properties != nil {
		dst = appendMessage(dst, 9, m.Properties.append)
	}
	return m.Value.append(dst, metricValue)
}

func (m *Metadata) append(dst []byte) []byte {
	dst = appendBool(dst, 1, m.MultiPart)
	dst = appendText(dst, 2, m.ContentType)
	dst = appendVarint(dst, 3, m.Size)
	dst = appendVarint(dst, 4, m.Seq)
	dst = appendText(dst, 5, m.FileName)
	dst = appendText(dst, 6, m.FileType)
	dst = appendText(dst, 7, m.MD5)
	return appendText(dst, 8, m.Description)
}

func (s *PropertySet) append(dst []byte) []byte {
	for _, key := range s.Keys {
		dst = appendText(dst, 1, Some(key))
	}
	for i := range s.Values {
		dst = appendMessage(dst, 2, s.Values[i].append)
	}
	return dst
}

func (p *PropertyValue) append(dst []byte) []byte {
	dst = appendUint32(dst, 1, p.Type)
	dst = appendBool(dst, 2, p.Null)
	return p.Value.append(dst, propertyValue)
}

// append appends a value to a message whose fields for values begin at a number.
func (v *Value) append(dst []byte, from protowire.Number) []byte {
	num := from + protowire.Number(v.Kind) - 1
	switch v.Kind {
	case Int, Long, Bool:
		return protowire.AppendVarint(protowire.AppendTag(dst, num, protowire.VarintType), v.Bits)
	case Float:
		return protowire.AppendFixed32(protowire.AppendTag(dst, num, protowire.Fixed32Type), uint32(v.Bits))
	case Double:
		return protowire.AppendFixed64(protowire.AppendTag(dst, num, protowire.Fixed64Type), v.Bits)
	case Text, Bytes:
		return protowire.AppendString(protowire.AppendTag(dst, num, protowire.BytesType), v.Text)
	}
	switch ref := v.Ref.(type) {
	case *DataSet:
		return appendMessage(dst, from+7, ref.append)
	case *Template:
		return appendMessage(dst, from+8, ref.append)
	case *PropertySet:
		return appendMessage(dst, from+6, ref.append)
	case *[]PropertySet:
		return appendMessage(dst, from+7, func(dst []byte) []byte {
			for i := range *ref {
				dst = appendMessage(dst, 1, (*ref)[i].append)
			}
			return dst
		})
	}
	return dst
}

func (d *DataSet) append(dst []byte) []byte {
	dst = appendVarint(dst, 1, d.Size)
	for _, column := range d.Columns {
		dst = appendText(dst, 2, Some(column))
	}
	for _, t := range d.Types {
		dst = appendUint32(dst, 3, Some(t))
	}
	for _, row := range d.Rows {
		dst = appendMessage(dst, 4, func(dst []byte) []byte {
			for i := range row {
				dst = appendMessage(dst, 1, func(dst []byte) []byte { return row[i].append(dst, cellValue) })
			}
			return dst
		})
	}
	return dst
}

func (t *Template) append(dst []byte) []byte {
	dst = appendText(dst, 1, t.Version)
	for i := range t.Metrics {
		dst = appendMessage(dst, 2, t.Metrics[i].append)
	}
	for i := range t.Parameters {
		dst = appendMessage(dst, 3, t.Parameters[i].append)
	}
	dst = appendText(dst, 4, t.Ref)
	return appendBool(dst, 5, t.Definition)
}

func (p *Parameter) append(dst []byte) []byte {
	dst = appendText(dst, 1, p.Name)
	dst = appendUint32(dst, 2, p.Type)
	return p.Value.append(dst, parameterValue)
}

// appendMessage appends a message within a message. Most are so short that their length is a byte, for which room is
// left; longer ones are moved.
func appendMessage(dst []byte, num protowire.Number, body func([]byte) []byte) []byte {
	dst = append(protowire.AppendTag(dst, num, protowire.BytesType), 0)
	start := len(dst)
	dst = body(dst)
	length := len(dst) - start
	if more := protowire.SizeVarint(uint64(length)) - 1; more > 0 {
		dst = append(dst, make([]byte, more)...)
		copy(dst[start+more:], dst[start:start+length])
	}
	protowire.AppendVarint(dst[:start-1], uint64(length))
	return dst
}

func appendVarint(dst []byte, num protowire.Number, v Opt[uint64]) []byte {
	if !v.Has {
		return dst
	}
	return protowire.AppendVarint(protowire.AppendTag(dst, num, protowire.VarintType), v.V)
}

func appendUint32(dst []byte, num protowire.Number, v Opt[uint32]) []byte {
	return appendVarint(dst, num, Opt[uint64]{V: uint64(v.V), Has: v.Has})
}

func appendBool(dst []byte, num protowire.Number, v Opt[bool]) []byte {
	return appendVarint(dst, num, Opt[uint64]{V: protowire.EncodeBool(v.V), Has: v.Has})
}

func appendText(dst []byte, num protowire.Number, v Opt[string]) []byte {
	if !v.Has {
		return dst
	}
	return protowire.AppendString(protowire.AppendTag(dst, num, protowire.BytesType), v.V)
}
