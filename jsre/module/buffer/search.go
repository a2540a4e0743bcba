package buffer

import (
	"bytes"
	"math"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

func (h *host) searching() {
	h.method("indexOf", func(r receiver, a engine.Args) goja.Value { return h.rt.ToValue(h.search(r, a, true)) })
	h.method("lastIndexOf", func(r receiver, a engine.Args) goja.Value { return h.rt.ToValue(h.search(r, a, false)) })
	h.method("includes", func(r receiver, a engine.Args) goja.Value { return h.rt.ToValue(h.search(r, a, true) >= 0) })
}

// search finds (value[, byteOffset][, encoding]) forwards or backwards, -1 if it is not there.
func (h *host) search(r receiver, a engine.Args, forward bool) int {
	v, offset, enc := a.Value(0), a.Value(1), a.Value(2)
	if goja.IsString(offset) {
		enc, offset = offset, goja.Undefined()
	}
	at := 0.0
	if !forward {
		at = float64(len(r.b))
	}
	at = math.Trunc(max(math.MinInt32, min(toNumber(offset, at), math.MaxInt32)))
	if goja.IsNumber(v) {
		return find(r.b, []byte{toByte(v)}, int(at), forward)
	}
	e := encUTF8
	known := true
	if !goja.IsUndefined(enc) {
		e, known = findEncoding(enc)
	}
	if s, ok := v.(goja.String); ok {
		if !known {
			nodeerr.Throw(h.vm, "TypeError", "ERR_UNKNOWN_ENCODING", "Unknown encoding: "+enc.String())
		}
		return findAs(r.b, encode(s, e), int(at), forward, e)
	}
	needle, ok := h.uint8Array(v)
	if !ok {
		nodeerr.ArgType(h.vm, "value", "one of type number or string or an instance of Buffer or Uint8Array", v)
	}
	return findAs(r.b, needle, int(at), forward, e)
}

// findAs finds a needle; that of utf16le stands at even places only.
func findAs(b, needle []byte, at int, forward bool, e encoding) int {
	if e != encUTF16 || len(needle) == 0 {
		return find(b, needle, at, forward)
	}
	start, ok := startOf(len(b), len(needle), at, forward)
	if !ok || len(b) < 2 || len(needle) < 2 {
		return -1
	}
	step := 2
	if !forward {
		step = -2
	}
	needle = needle[:len(needle)&^1]
	for i := start &^ 1; i >= 0 && i < len(b); i += step {
		if bytes.HasPrefix(b[i:], needle) {
			return i
		}
	}
	return -1
}

// startOf is where a search begins; negative places count from the end.
func startOf(length, needle, at int, forward bool) (start int, ok bool) {
	switch {
	case at < 0 && at+length >= 0:
		at += length
	case at < 0 && (forward || needle == 0):
		at = 0
	case at < 0:
		return 0, false
	case at+needle <= length:
	case needle == 0:
		at = length
	case forward:
		return 0, false
	default:
		at = length - 1
	}
	return at, true
}

func find(b, needle []byte, at int, forward bool) int {
	start, ok := startOf(len(b), len(needle), at, forward)
	switch {
	case !ok:
		return -1
	case len(needle) == 0:
		return start
	case len(b) == 0 || len(needle) > len(b) || forward && start+len(needle) > len(b):
		return -1
	case forward:
		if i := bytes.Index(b[start:], needle); i >= 0 {
			return start + i
		}
		return -1
	}
	return bytes.LastIndex(b[:min(len(b), start+len(needle))], needle)
}
