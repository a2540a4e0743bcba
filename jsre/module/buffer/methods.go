package buffer

import (
	"bytes"
	"math"
	"slices"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// receiver is what a method was called on.
type receiver struct {
	obj *goja.Object
	b   []byte
}

// method defines a method of Buffer.prototype. It works on any Uint8Array, as in Node.js.
func (h *host) method(name string, f func(receiver, engine.Args) goja.Value) {
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
}

func (h *host) methods() {
	text := func(r receiver, a engine.Args) goja.Value {
		from, to := bounds(len(r.b), a.Value(1), a.Value(2), false)
		return decode(h.vm, r.b[from:to], toEncoding(h.vm, "toString", a.Value(0)))
	}
	h.method("toString", text)
	h.method("toLocaleString", text)
	sub := func(r receiver, a engine.Args) goja.Value {
		from, to := bounds(len(r.b), a.Value(0), a.Value(1), true)
		return h.vm.SubBuffer(r.obj, from, to)
	}
	h.method("slice", sub)
	h.method("subarray", sub)
	h.method("toJSON", func(r receiver, _ engine.Args) goja.Value {
		data := make([]any, len(r.b))
		for i, c := range r.b {
			data[i] = c
		}
		o := h.rt.NewObject()
		_ = o.Set("type", "Buffer")
		_ = o.Set("data", h.rt.NewArray(data...))
		return o
	})
	h.method("equals", func(r receiver, a engine.Args) goja.Value {
		return h.rt.ToValue(bytes.Equal(r.b, h.array(a, 0, "otherBuffer")))
	})
	h.method("compare", func(r receiver, a engine.Args) goja.Value {
		other := h.array(a, 0, "target")
		from, to := bounds(len(other), a.Value(1), a.Value(2), false)
		from2, to2 := bounds(len(r.b), a.Value(3), a.Value(4), false)
		return h.rt.ToValue(bytes.Compare(r.b[from2:to2], other[from:to]))
	})
	h.method("indexOf", func(r receiver, a engine.Args) goja.Value { return h.rt.ToValue(h.index(r, a)) })
	h.method("includes", func(r receiver, a engine.Args) goja.Value { return h.rt.ToValue(h.index(r, a) >= 0) })
	h.method("lastIndexOf", func(r receiver, a engine.Args) goja.Value { return h.rt.ToValue(h.lastIndex(r, a)) })
	h.method("copy", h.copyTo)
	h.method("fill", h.fill)
	h.method("write", h.write)
	for name, width := range map[string]int{"swap16": 2, "swap32": 4, "swap64": 8} {
		h.method(name, func(r receiver, _ engine.Args) goja.Value {
			if len(r.b)%width != 0 {
				h.vm.ThrowRange("%s: length must be a multiple of %d, got %d", name, width, len(r.b))
			}
			for part := range slices.Chunk(r.b, width) {
				slices.Reverse(part)
			}
			return r.obj
		})
	}
}

// bounds reads a start and an end, each optional and clamped to the length; negative ones count
// from the end when fromEnd is set.
func bounds(n int, start, end goja.Value, fromEnd bool) (from, to int) {
	from, to = position(n, start, 0, fromEnd), position(n, end, n, fromEnd)
	return from, max(from, to)
}

func position(n int, v goja.Value, missing int, fromEnd bool) int {
	if v == nil || goja.IsUndefined(v) {
		return missing
	}
	f := v.ToFloat()
	if math.IsNaN(f) {
		return 0
	}
	if f < 0 && fromEnd {
		f += float64(n)
	}
	return int(max(0, min(math.Trunc(f), float64(n))))
}

// searchArgs reads (value[, byteOffset][, encoding]): the offset may be left out before an
// encoding.
func (h *host) searchArgs(r receiver, a engine.Args, missing int) (needle []byte, from int) {
	enc := 2
	from = missing
	if goja.IsString(a.Value(1)) {
		enc = 1
	} else if a.Given(1) {
		from = position(len(r.b), a.Value(1), missing, true)
	}
	return h.pattern(a, 0, enc), from
}

func (h *host) index(r receiver, a engine.Args) int {
	needle, from := h.searchArgs(r, a, 0)
	at := bytes.Index(r.b[from:], needle)
	if at < 0 {
		return -1
	}
	return from + at
}

func (h *host) lastIndex(r receiver, a engine.Args) int {
	needle, from := h.searchArgs(r, a, len(r.b))
	return bytes.LastIndex(r.b[:min(len(r.b), from+len(needle))], needle)
}

func (h *host) copyTo(r receiver, a engine.Args) goja.Value {
	target := h.array(a, 0, "target")
	at := position(len(target), a.Value(1), 0, false)
	from, to := bounds(len(r.b), a.Value(2), a.Value(3), false)
	return h.rt.ToValue(copy(target[at:], r.b[from:to]))
}

// fill is fill(value[, start[, end]][, encoding]).
func (h *host) fill(r receiver, a engine.Args) goja.Value {
	enc := 3
	var start, end goja.Value
	switch {
	case goja.IsString(a.Value(1)):
		enc = 1
	case goja.IsString(a.Value(2)):
		enc, start = 2, a.Value(1)
	default:
		start, end = a.Value(1), a.Value(2)
	}
	from, to := bounds(len(r.b), start, end, false)
	fill(r.b[from:to], h.pattern(a, 0, enc))
	return r.obj
}

// write is write(string[, offset[, length]][, encoding]). A character that does not fit whole is
// left out.
func (h *host) write(r receiver, a engine.Args) goja.Value {
	a.String(0, "string")
	s, _ := a.Value(0).(goja.String)
	enc := a.Value(3)
	var offset, length goja.Value
	switch {
	case goja.IsString(a.Value(1)):
		enc = a.Value(1)
	case goja.IsString(a.Value(2)):
		offset, enc = a.Value(1), a.Value(2)
	default:
		offset, length = a.Value(1), a.Value(2)
	}
	at := 0
	if engine.Given(offset) {
		at = int(h.vm.CheckInt("write: offset", offset, 0, int64(len(r.b))))
	}
	room := r.b[at:]
	if engine.Given(length) {
		room = room[:min(int64(len(room)), h.vm.CheckInt("write: length", length, 0, maxLength))]
	}
	e := toEncoding(h.vm, "write", enc)
	data := encode(s, e)
	return h.rt.ToValue(copy(room, data[:whole(data, len(room), e)]))
}

// whole is how many of the first n bytes are whole characters.
func whole(data []byte, n int, e encoding) int {
	if n >= len(data) {
		return len(data)
	}
	switch e {
	case encUTF8:
		for n > 0 && data[n]&0xc0 == 0x80 {
			n--
		}
	case encUTF16:
		n &^= 1
	}
	return n
}
