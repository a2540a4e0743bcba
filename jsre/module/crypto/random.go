package crypto

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// maxRandom is the most random bytes that are given at once.
const maxRandom = 1 << 30

func (h *host) randomness() {
	h.export("randomBytes", h.randomBytes)
	_ = h.o.Set("pseudoRandomBytes", h.o.Get("randomBytes"))
	h.export("randomFillSync", func(a call) goja.Value {
		random(h.place(a))
		return a.value(0)
	})
	h.export("randomFill", h.randomFill)
	h.export("randomInt", h.randomInt)
	h.export("randomUUID", h.randomUUID)
	h.export("timingSafeEqual", h.timingSafeEqual)
}

// random fills b; crypto/rand ends the process rather than fail.
func random(b []byte) []byte {
	_, _ = rand.Read(b)
	return b
}

// callback is the last argument when it is a function.
func (h *host) callback(a call) (*engine.Func, bool) { return h.vm.ToFunc(a.value(len(a.list) - 1)) }

// later tells a callback a value from the loop.
func (h *host) later(f *engine.Func, v goja.Value) goja.Value {
	h.vm.Loop().Reserve()(func() { f.Call(goja.Undefined(), goja.Null(), v) })
	return goja.Undefined()
}

func (h *host) randomBytes(a call) goja.Value {
	size := nodeerr.Number(h.vm, "size", a.value(0), 0, math.MaxInt32)
	if size > maxRandom {
		nodeerr.OutOfRange(h.vm, "size", fmt.Sprintf(">= 0 && <= %d", maxRandom), a.value(0))
	}
	if !goja.IsUndefined(a.value(1)) {
		return h.later(nodeerr.Func(h.vm, "callback", a.value(1)), h.vm.NewBuffer(random(make([]byte, int(size)))))
	}
	return h.vm.NewBuffer(random(make([]byte, int(size))))
}

// place is the part of a buffer that (buf[, offset[, size]]) names, both counted in its elements.
func (h *host) place(a call) []byte {
	v := a.value(0)
	b, ok := h.vm.Bytes(v)
	if !ok {
		nodeerr.ArgType(h.vm, "buf", "an instance of ArrayBuffer or ArrayBufferView", v)
	}
	width := 1
	if n := v.ToObject(h.rt).Get("BYTES_PER_ELEMENT"); n != nil && goja.IsNumber(n) {
		width = max(1, min(int(n.ToInteger()), 8))
	}
	count := len(b) / width
	from := 0
	if o := a.value(1); !goja.IsUndefined(o) {
		from = int(nodeerr.Number(h.vm, "offset", o, 0, float64(count)))
	}
	size := count - from
	if s := a.value(2); !goja.IsUndefined(s) {
		n := nodeerr.Number(h.vm, "size", s, 0, math.MaxInt32)
		if int(n)+from > count {
			nodeerr.OutOfRange(h.vm, "size + offset", "<= "+strconv.Itoa(count), h.rt.ToValue(int(n)+from))
		}
		size = int(n)
	}
	return b[from*width : (from+size)*width]
}

// randomFill is randomFill(buf[, offset[, size]], callback) of Node.js, and of JSRE without a callback.
func (h *host) randomFill(a call) goja.Value {
	f, ok := h.callback(a)
	if ok {
		a.list = a.list[:len(a.list)-1]
	}
	random(h.place(a))
	if !ok {
		return a.value(0)
	}
	return h.later(f, a.value(0))
}

// randomInt is randomInt([min, ]max[, callback]).
func (h *host) randomInt(a call) goja.Value {
	f, async := h.callback(a)
	if async {
		a.list = a.list[:len(a.list)-1]
	}
	safe := func(name string, v goja.Value) int64 {
		n := v.ToFloat()
		if !goja.IsNumber(v) || n != math.Trunc(n) || math.Abs(n) > nodeerr.MaxSafe {
			nodeerr.ArgType(h.vm, name, "a safe integer", v)
		}
		return int64(n)
	}
	lo, high := int64(0), a.value(0)
	if !goja.IsUndefined(a.value(1)) {
		lo, high = safe("min", a.value(0)), a.value(1)
	}
	hi := safe("max", high)
	if hi <= lo {
		nodeerr.OutOfRange(h.vm, "max", fmt.Sprintf(`greater than the value of "min" (%d)`, lo), high)
	}
	if hi-lo > 1<<48-1 {
		nodeerr.OutOfRange(h.vm, "max - min", "<= 281474976710655", h.rt.ToValue(hi-lo))
	}
	n, err := rand.Int(rand.Reader, big.NewInt(hi-lo))
	if err != nil {
		panic(err)
	}
	v := h.rt.ToValue(lo + n.Int64())
	if async {
		h.vm.Loop().Reserve()(func() { f.Call(goja.Undefined(), goja.Undefined(), v) })
		return goja.Undefined()
	}
	return v
}

func (h *host) randomUUID(a call) goja.Value {
	if o, ok := a.value(0).(*goja.Object); ok {
		if v := h.vm.Field(o, "disableEntropyCache"); !goja.IsUndefined(v) && h.vm.TypeName(v) != "boolean" {
			nodeerr.ArgType(h.vm, "options.disableEntropyCache", "of type boolean", v)
		}
	} else if !goja.IsUndefined(a.value(0)) {
		nodeerr.ArgType(h.vm, "options", "of type object", a.value(0))
	}
	b := random(make([]byte, 16))
	b[6] = b[6]&0x0f | 0x40 // version 4, RFC 9562
	b[8] = b[8]&0x3f | 0x80
	return h.rt.ToValue(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
}

func (h *host) timingSafeEqual(a call) goja.Value {
	var list [2][]byte
	for i, name := range []string{"buf1", "buf2"} {
		b, ok := h.vm.Bytes(a.value(i))
		if !ok {
			nodeerr.Throw(h.vm, "TypeError", "ERR_INVALID_ARG_TYPE", `The "`+name+`" argument must be an instance of ArrayBuffer, Buffer, TypedArray, or DataView.`)
		}
		list[i] = b
	}
	if len(list[0]) != len(list[1]) {
		nodeerr.Throw(h.vm, "RangeError", "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH", "Input buffers must have the same byte length")
	}
	return h.rt.ToValue(subtle.ConstantTimeCompare(list[0], list[1]) == 1)
}
