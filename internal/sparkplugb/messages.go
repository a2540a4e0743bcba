package sparkplugb

import "google.golang.org/protobuf/encoding/protowire"

func (r *reader) payload(b []byte, p *Payload) error {
	return r.each(b, func(f field) error {
		switch f.num {
		case 1:
			f.varint(&p.Timestamp)
		case 2:
			return element(r, f, &p.Metrics, metricSize, r.metric)
		case 3:
			f.varint(&p.Seq)
		case 4:
			f.text(&p.UUID)
		case 5:
			if f.kind == protowire.BytesType {
				p.Body = Some(append([]byte(nil), f.bytes...))
			}
		}
		return nil
	})
}

func (r *reader) metric(b []byte, m *Metric) error {
	return r.each(b, func(f field) error {
		switch f.num {
		case 1:
			f.text(&m.Name)
		case 2:
			f.varint(&m.Alias)
		case 3:
			f.varint(&m.Timestamp)
		case 4:
			f.uint32(&m.Type)
		case 5:
			f.bool(&m.Historical)
		case 6:
			f.bool(&m.Transient)
		case 7:
			f.bool(&m.Null)
		case 8:
			return part(f, &m.Metadata, r.metadata)
		case 9:
			return part(f, &m.Properties, r.propertySet)
		default:
			return r.metricValue(f, &m.Value)
		}
		return nil
	})
}

func (r *reader) metricValue(f field, v *Value) error {
	switch f.num - metricValue {
	case 6:
		if f.kind == protowire.BytesType {
			*v = Value{Kind: Bytes, Text: string(f.bytes)}
		}
	case 7:
		return refer(f, v, Table, r.dataSet)
	case 8:
		return refer(f, v, Nested, r.template)
	default:
		f.plain(metricValue, v)
	}
	return nil
}

// plain reads one of the six kinds that all values have.
func (f field) plain(from protowire.Number, v *Value) {
	switch kind := Kind(f.num - from + 1); {
	case f.num < from || f.num > from+5:
	case f.kind == protowire.VarintType && kind == Int:
		*v = Value{Kind: Int, Bits: uint64(uint32(f.bits))}
	case f.kind == protowire.VarintType && kind == Long,
		f.kind == protowire.Fixed32Type && kind == Float, f.kind == protowire.Fixed64Type && kind == Double:
		*v = Value{Kind: kind, Bits: f.bits}
	case f.kind == protowire.VarintType && kind == Bool:
		*v = Value{Kind: Bool}
		if f.bits != 0 {
			v.Bits = 1
		}
	case f.kind == protowire.BytesType && kind == Text:
		*v = Value{Kind: Text, Text: string(f.bytes)}
	}
}

// refer reads a value that is a message. A second one of the same kind is read into the first.
func refer[T any](f field, v *Value, kind Kind, read func([]byte, *T) error) error {
	if f.kind != protowire.BytesType {
		return nil
	}
	to, ok := v.Ref.(*T)
	if !ok || v.Kind != kind {
		to = new(T)
		*v = Value{Kind: kind, Ref: to}
	}
	return read(f.bytes, to)
}

func (r *reader) metadata(b []byte, m *Metadata) error {
	return r.each(b, func(f field) error {
		switch f.num {
		case 1:
			f.bool(&m.MultiPart)
		case 2:
			f.text(&m.ContentType)
		case 3:
			f.varint(&m.Size)
		case 4:
			f.varint(&m.Seq)
		case 5:
			f.text(&m.FileName)
		case 6:
			f.text(&m.FileType)
		case 7:
			f.text(&m.MD5)
		case 8:
			f.text(&m.Description)
		}
		return nil
	})
}

func (r *reader) propertySet(b []byte, s *PropertySet) error {
	return r.each(b, func(f field) error {
		switch f.num {
		case 1:
			return r.strings(f, &s.Keys)
		case 2:
			return element(r, f, &s.Values, smallSize, r.property)
		}
		return nil
	})
}

func (r *reader) propertySets(b []byte, list *[]PropertySet) error {
	return r.each(b, func(f field) error {
		if f.num == 1 {
			return element(r, f, list, smallSize, r.propertySet)
		}
		return nil
	})
}

func (r *reader) property(b []byte, p *PropertyValue) error {
	return r.each(b, func(f field) error {
		switch f.num {
		case 1:
			f.uint32(&p.Type)
		case 2:
			f.bool(&p.Null)
		case propertyValue + 6:
			return refer(f, &p.Value, Set, r.propertySet)
		case propertyValue + 7:
			return refer(f, &p.Value, Sets, r.propertySets)
		default:
			f.plain(propertyValue, &p.Value)
		}
		return nil
	})
}

func (r *reader) dataSet(b []byte, d *DataSet) error {
	return r.each(b, func(f field) error {
		switch f.num {
		case 1:
			f.varint(&d.Size)
		case 2:
			return r.strings(f, &d.Columns)
		case 3:
			return r.uint32s(f, &d.Types)
		case 4:
			return element(r, f, &d.Rows, smallSize, r.row)
		}
		return nil
	})
}

func (r *reader) row(b []byte, row *[]Value) error {
	return r.each(b, func(f field) error {
		if f.num == 1 {
			return element(r, f, row, smallSize, r.cell)
		}
		return nil
	})
}

func (r *reader) cell(b []byte, v *Value) error {
	return r.each(b, func(f field) error {
		f.plain(cellValue, v)
		return nil
	})
}

func (r *reader) template(b []byte, t *Template) error {
	return r.each(b, func(f field) error {
		switch f.num {
		case 1:
			f.text(&t.Version)
		case 2:
			return element(r, f, &t.Metrics, metricSize, r.metric)
		case 3:
			return element(r, f, &t.Parameters, smallSize, r.parameter)
		case 4:
			f.text(&t.Ref)
		case 5:
			f.bool(&t.Definition)
		}
		return nil
	})
}

func (r *reader) parameter(b []byte, p *Parameter) error {
	return r.each(b, func(f field) error {
		switch f.num {
		case 1:
			f.text(&p.Name)
		case 2:
			f.uint32(&p.Type)
		default:
			f.plain(parameterValue, &p.Value)
		}
		return nil
	})
}
