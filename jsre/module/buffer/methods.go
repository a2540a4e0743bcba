package buffer

import (
	"bytes"
	"math"
	"strconv"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// receiver is what a method was called on.
type receiver struct {
	obj *goja.Object
	b   []byte
}

// method defines a method of Buffer.prototype under one or more names. It works on any Uint8Array,
// as in Node.js.
func (h *host) method(name string, f func(receiver, engine.Args) goja.Value, aliases ...string) {
	h.vm.Method(h.vm.BufferPrototype(), name, func(c goja.FunctionCall) goja.Value {
		obj, ok := c.This.(*goja.Object)
		var b []byte
		if ok {
			b, ok = h.vm.Bytes(obj)
		}
		if !ok {
			h.vm.ThrowType("%s was called on %s, not on a Buffer", name, h.vm.TypeName(c.This))
		}
		return f(receiver{obj, b}, h.vm.Args(name, c.Arguments))
	})
	proto := h.vm.BufferPrototype()
	for _, alias := range aliases {
		_ = proto.DefineDataProperty(alias, proto.Get(name), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
}

func (h *host) methods() {
	h.method("toString", h.text, "toLocaleString")
	h.method("slice", h.part)
	h.method("subarray", h.part)
	h.method("toJSON", func(r receiver, _ engine.Args) goja.Value {
		return h.vm.NewObject("type", "Buffer", "data", h.list(r.b))
	})
	h.method("toArray", func(r receiver, a engine.Args) goja.Value {
		from, to := h.limits(len(r.b), a.Value(0), a.Value(1))
		return h.list(r.b[from:to])
	})
	h.method("equals", func(r receiver, a engine.Args) goja.Value {
		return h.rt.ToValue(bytes.Equal(r.b, h.bytes("otherBuffer", a.Value(0))))
	})
	h.method("compare", h.compare)
	h.method("copy", h.copyTo)
	h.method("fill", func(r receiver, a engine.Args) goja.Value {
		h.fill(r.b, a.Value(0), a.Value(1), a.Value(2), a.Value(3))
		return r.obj
	})
	h.method("write", h.write)
	h.method("fromString", h.writeWhole)
	for name, width := range map[string]int{"swap16": 2, "swap32": 4, "swap64": 8} {
		h.method(name, func(r receiver, _ engine.Args) goja.Value { return h.swap(r, width) })
	}
	for _, n := range []string{"utf8", "hex", "base64", "base64url", "latin1", "ascii", "ucs2"} {
		e, _ := encodingNamed(n)
		h.method(n+"Slice", func(r receiver, a engine.Args) goja.Value {
			from, to := h.limits(len(r.b), a.Value(0), a.Value(1))
			return h.decode(r.b[from:to], e)
		})
		h.method(n+"Write", func(r receiver, a engine.Args) goja.Value { return h.writeAs(r, a, e) })
	}
	h.vm.Getter(h.vm.BufferPrototype(), "parent", func(this goja.Value) goja.Value { return h.ofView(this, "buffer") })
	h.vm.Getter(h.vm.BufferPrototype(), "offset", func(this goja.Value) goja.Value { return h.ofView(this, "byteOffset") })
}

// ofView is a property of a Buffer under one of its old names; undefined of anything else.
func (h *host) ofView(this goja.Value, name string) goja.Value {
	if obj, ok := this.(*goja.Object); ok && h.vm.IsBuffer(obj) {
		return obj.Get(name)
	}
	return goja.Undefined()
}

// list is the numbers of bytes as an array.
func (h *host) list(b []byte) goja.Value {
	data := make([]any, len(b))
	for i, c := range b {
		data[i] = c
	}
	return h.rt.NewArray(data...)
}

// text is toString([encoding[, start[, end]]]).
func (h *host) text(r receiver, a engine.Args) goja.Value {
	if a.Len() == 0 {
		return h.decode(r.b, encUTF8)
	}
	from, to := h.limits(len(r.b), a.Value(1), a.Value(2))
	if from >= to {
		return h.rt.ToValue("")
	}
	return h.decode(r.b[from:to], h.encoding(a.Value(0)))
}

// limits are a start and an end, each optional and held to the length.
func (h *host) limits(n int, start, end goja.Value) (from, to int) {
	at := func(v goja.Value, missing int) int {
		if v == nil || goja.IsUndefined(v) {
			return missing
		}
		f := v.ToFloat()
		if math.IsNaN(f) {
			return 0
		}
		return int(max(0, min(math.Trunc(f), float64(n))))
	}
	from = at(start, 0)
	return from, max(from, at(end, n))
}

// part is slice and subarray: a Buffer on the same memory. Negative places count from the end.
func (h *host) part(r receiver, a engine.Args) goja.Value {
	n := float64(len(r.b))
	at := func(v goja.Value, missing float64) float64 {
		if goja.IsUndefined(v) {
			return missing
		}
		f := math.Trunc(toNumber(v, 0))
		if f < 0 {
			f += n
		}
		return max(0, min(f, n))
	}
	from := at(a.Value(0), 0)
	return h.vm.SubBuffer(r.obj, int(from), int(max(from, at(a.Value(1), n))))
}

// compare is compare(target[, targetStart[, targetEnd[, sourceStart[, sourceEnd]]]]).
func (h *host) compare(r receiver, a engine.Args) goja.Value {
	target := h.bytes("target", a.Value(0))
	place := func(i int, name string, most float64, missing int) int {
		if v := a.Value(i); !goja.IsUndefined(v) {
			return int(nodeerr.Integer(h.vm, name, v, 0, most))
		}
		return missing
	}
	targetStart := place(1, "targetStart", maxLength, 0)
	targetEnd := place(2, "targetEnd", float64(len(target)), len(target))
	sourceStart := place(3, "sourceStart", maxLength, 0)
	sourceEnd := place(4, "sourceEnd", float64(len(r.b)), len(r.b))
	switch {
	case sourceStart >= sourceEnd && targetStart >= targetEnd:
		return h.rt.ToValue(0)
	case sourceStart >= sourceEnd:
		return h.rt.ToValue(-1)
	case targetStart >= targetEnd:
		return h.rt.ToValue(1)
	}
	return h.rt.ToValue(bytes.Compare(r.b[sourceStart:sourceEnd], target[targetStart:targetEnd]))
}

// copyTo is copy(target[, targetStart[, sourceStart[, sourceEnd]]]).
func (h *host) copyTo(r receiver, a engine.Args) goja.Value {
	target := h.bytes("target", a.Value(0))
	place := func(i int, name string, most, missing float64) float64 {
		v := a.Value(i)
		if goja.IsUndefined(v) {
			return missing
		}
		f := math.Floor(toNumber(v, 0))
		if math.Abs(f) > nodeerr.MaxSafe {
			f = 0
		}
		switch {
		case math.IsInf(most, 1) && f < 0:
			nodeerr.OutOfRange(h.vm, name, ">= 0", h.rt.ToValue(f))
		case f < 0 || f > most:
			nodeerr.OutOfRange(h.vm, name, ">= 0 && <= "+strconv.Itoa(int(most)), h.rt.ToValue(f))
		}
		return f
	}
	n := float64(len(r.b))
	at := place(1, "targetStart", math.Inf(1), 0)
	from := place(2, "sourceStart", n, 0)
	to := min(place(3, "sourceEnd", math.Inf(1), n), n)
	if at >= float64(len(target)) || from >= to {
		return h.rt.ToValue(0)
	}
	return h.rt.ToValue(copy(target[int(at):], r.b[int(from):int(to)]))
}

// swap turns the order of the bytes of each number of a width around.
func (h *host) swap(r receiver, width int) goja.Value {
	if len(r.b)%width != 0 {
		nodeerr.Throw(h.vm, "RangeError", "ERR_INVALID_BUFFER_SIZE", "Buffer size must be a multiple of "+strconv.Itoa(8*width)+"-bits")
	}
	for at := 0; at < len(r.b); at += width {
		for i, j := at, at+width-1; i < j; i, j = i+1, j-1 {
			r.b[i], r.b[j] = r.b[j], r.b[i]
		}
	}
	return r.obj
}

// fill is fill(value[, start[, end]][, encoding]): it repeats what a string, other bytes or a number
// give.
func (h *host) fill(b []byte, value, start, end, enc goja.Value) {
	if s, ok := value.(goja.String); ok {
		switch {
		case goja.IsString(start):
			enc, start, end = start, goja.Undefined(), goja.Undefined()
		case goja.IsString(end):
			enc, end = end, goja.Undefined()
		}
		if engine.Given(enc) && !goja.IsString(enc) {
			nodeerr.ArgType(h.vm, "encoding", "of type string", enc)
		}
		e := h.encoding(enc)
		if b = h.fillPlace(b, start, end); len(b) == 0 {
			return
		}
		pattern := encode(s, e)
		if len(pattern) == 0 && s.Length() > 0 {
			nodeerr.ArgValue(h.vm, "value", value, "")
		}
		repeat(b, pattern)
		return
	}
	if b = h.fillPlace(b, start, end); len(b) == 0 {
		return
	}
	pattern, ok := h.vm.Bytes(value)
	switch {
	case ok && len(pattern) == 0:
		nodeerr.ArgValue(h.vm, "value", value, "")
	case !ok:
		pattern = []byte{toByte(value)}
	}
	repeat(b, pattern)
}

// fillPlace is the part of b that is filled.
func (h *host) fillPlace(b []byte, start, end goja.Value) []byte {
	if start == nil || goja.IsUndefined(start) {
		return b
	}
	from, to := nodeerr.Integer(h.vm, "offset", start, 0, maxLength), int64(len(b))
	if !goja.IsUndefined(end) {
		to = nodeerr.Integer(h.vm, "end", end, 0, float64(to))
	}
	if from >= to {
		return nil
	}
	return b[from:to]
}

// repeat fills with a pattern; an empty one fills with zeros.
func repeat(b, pattern []byte) {
	if len(pattern) == 0 {
		clear(b)
		return
	}
	for at := copy(b, pattern); at < len(b); at *= 2 {
		copy(b[at:], b[:at])
	}
}

// write is write(string[, offset[, length]][, encoding]). A character that does not fit whole is
// left out.
func (h *host) write(r receiver, a engine.Args) goja.Value {
	s, ok := a.Value(0).(goja.String)
	if !ok {
		nodeerr.Throw(h.vm, "TypeError", "ERR_INVALID_ARG_TYPE", "argument must be a string")
	}
	offset, length, enc := a.Value(1), a.Value(2), a.Value(3)
	room := r.b
	n := float64(len(r.b))
	switch {
	case goja.IsUndefined(offset):
	case goja.IsUndefined(length) && goja.IsString(offset):
		enc = offset
	default:
		room = r.b[nodeerr.Integer(h.vm, "offset", offset, 0, n):]
		if goja.IsString(length) {
			enc = length
		} else if !goja.IsUndefined(length) {
			room = room[:min(int64(len(room)), nodeerr.Integer(h.vm, "length", length, 0, n))]
		}
	}
	e := encUTF8
	if enc.ToBoolean() && !goja.IsUndefined(offset) {
		e = h.encoding(enc)
	}
	return h.put(room, s, e)
}

// put writes as much of a string as there is room for.
func (h *host) put(room []byte, s goja.String, e encoding) goja.Value {
	data := encode(s, e)
	return h.rt.ToValue(copy(room, data[:whole(data, len(room), e)]))
}

// writeAs is utf8Write(string[, offset[, length]]) and its relatives.
func (h *host) writeAs(r receiver, a engine.Args, e encoding) goja.Value {
	s, ok := a.Value(0).(goja.String)
	if !ok {
		nodeerr.Throw(h.vm, "TypeError", "ERR_INVALID_ARG_TYPE", "argument must be a string")
	}
	from := toNumber(a.Value(1), 0)
	if from < 0 || from > float64(len(r.b)) {
		h.outside("offset")
	}
	room := r.b[int(from):]
	if !goja.IsUndefined(a.Value(2)) {
		n := toNumber(a.Value(2), 0)
		if n < 0 {
			h.outside("length")
		}
		room = room[:int(min(n, float64(len(room))))]
	}
	return h.put(room, s, e)
}

// writeWhole is fromString(string[, offset[, encoding]]) of JSRE: it throws where there is no room.
func (h *host) writeWhole(r receiver, a engine.Args) goja.Value {
	nodeerr.String(h.vm, "str", a.Value(0))
	s, _ := a.Value(0).(goja.String)
	var from int64
	if !goja.IsUndefined(a.Value(1)) {
		from = nodeerr.Integer(h.vm, "offset", a.Value(1), 0, float64(len(r.b)))
	}
	data := encode(s, h.encoding(a.Value(2)))
	if len(data) > len(r.b)-int(from) {
		h.outside("")
	}
	return h.rt.ToValue(copy(r.b[from:], data))
}
