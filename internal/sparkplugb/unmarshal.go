package sparkplugb

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Limits of what is read: a payload of few bytes may say things that take much more memory, or no end of stack.
const (
	maxDepth = 100
	maxSize  = 64 << 20 // bytes of memory, roughly
)

// metricSize and smallSize are what a metric and other elements of lists take, roughly.
const (
	metricSize = 280
	smallSize  = 64
)

// ErrMalformed says that the bytes are no protobuf.
var ErrMalformed = errors.New("cannot parse invalid wire-format data")

var (
	errDepth = fmt.Errorf("is nested more than %d deep", maxDepth)
	errSize  = fmt.Errorf("would take more than %d MiB of memory", maxSize>>20)
)

// reader reads one payload.
type reader struct {
	depth, size int
}

// Unmarshal reads a payload, by the rules of protobuf: unknown fields are passed over, and the last of several counts.
// Nothing of b is kept.
func Unmarshal(b []byte) (*Payload, error) {
	p := new(Payload)
	return p, new(reader).payload(b, p)
}

// field is a field as it is on the wire.
type field struct {
	num   protowire.Number
	kind  protowire.Type
	bits  uint64
	bytes []byte
}

// each calls visit with the fields of a message.
func (r *reader) each(b []byte, visit func(f field) error) error {
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > maxDepth {
		return errDepth
	}
	for len(b) > 0 {
		f, n := nextField(b)
		if n < 0 {
			return ErrMalformed
		}
		b = b[n:]
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

// nextField reads a field and returns its length, negative where it is malformed.
func nextField(b []byte) (field, int) {
	num, kind, n := protowire.ConsumeTag(b)
	if n < 0 {
		return field{}, n
	}
	f := field{num: num, kind: kind}
	length := 0
	switch rest := b[n:]; kind {
	case protowire.VarintType:
		f.bits, length = protowire.ConsumeVarint(rest)
	case protowire.Fixed32Type:
		var bits uint32
		bits, length = protowire.ConsumeFixed32(rest)
		f.bits = uint64(bits)
	case protowire.Fixed64Type:
		f.bits, length = protowire.ConsumeFixed64(rest)
	case protowire.BytesType:
		f.bytes, length = protowire.ConsumeBytes(rest)
	default:
		length = protowire.ConsumeFieldValue(num, kind, rest)
	}
	if length < 0 {
		return field{}, length
	}
	return f, n + length
}

// take notes that memory will be used.
func (r *reader) take(bytes int) error {
	if r.size += bytes; r.size > maxSize {
		return errSize
	}
	return nil
}

// The functions of field set what it is about if the field has the type for it, and pass over it otherwise.

func (f field) varint(to *Opt[uint64]) {
	if f.kind == protowire.VarintType {
		*to = Some(f.bits)
	}
}

func (f field) uint32(to *Opt[uint32]) {
	if f.kind == protowire.VarintType {
		*to = Some(uint32(f.bits))
	}
}

func (f field) bool(to *Opt[bool]) {
	if f.kind == protowire.VarintType {
		*to = Some(f.bits != 0)
	}
}

func (f field) text(to *Opt[string]) {
	if f.kind == protowire.BytesType {
		*to = Some(string(f.bytes))
	}
}

// grow appends an element to a list and returns where it is.
func grow[T any](list *[]T) *T {
	var zero T
	*list = append(*list, zero)
	return &(*list)[len(*list)-1]
}

// element reads an element of a list that is a message.
func element[T any](r *reader, f field, list *[]T, size int, read func([]byte, *T) error) error {
	if f.kind != protowire.BytesType {
		return nil
	}
	if err := r.take(size); err != nil {
		return err
	}
	return read(f.bytes, grow(list))
}

// part reads a message that is there once; where there are several they are one, field by field.
func part[T any](f field, to **T, read func([]byte, *T) error) error {
	if f.kind != protowire.BytesType {
		return nil
	}
	if *to == nil {
		*to = new(T)
	}
	return read(f.bytes, *to)
}

// strings reads an element of a list of strings.
func (r *reader) strings(f field, list *[]string) error {
	if f.kind != protowire.BytesType {
		return nil
	}
	*list = append(*list, string(f.bytes))
	return r.take(16)
}

// uint32s reads elements of a list of numbers: one, or packed in one field as many as there are.
func (r *reader) uint32s(f field, list *[]uint32) error {
	switch f.kind {
	case protowire.VarintType:
		*list = append(*list, uint32(f.bits))
		return r.take(4)
	case protowire.BytesType:
		for b := f.bytes; len(b) > 0; {
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return ErrMalformed
			}
			b = b[n:]
			*list = append(*list, uint32(v))
		}
		return r.take(4 * len(f.bytes))
	}
	return nil
}
