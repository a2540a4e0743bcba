package buffer

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// number is one kind of number that a Buffer reads and writes.
type number struct {
	name  string // as in readUInt16LE, without byte order for one byte
	size  int
	read  func(h *host, u uint64) goja.Value
	write func(h *host, v goja.Value) uint64
}

// numbers defines read and write methods for all kinds, in both byte orders, with both spellings of
// UInt that Node.js has.
func (h *host) numbers() {
	for _, size := range []int{1, 2, 4} {
		bits := map[int]string{1: "8", 2: "16", 4: "32"}[size]
		h.number(number{"UInt" + bits, size, readUnsigned, writeUnsigned(size)}, "Uint"+bits)
		h.number(number{"Int" + bits, size, readSigned(size), writeSigned(size)}, "")
	}
	h.number(number{"BigInt64", 8, func(h *host, u uint64) goja.Value {
		return h.rt.ToValue(big.NewInt(int64(u)))
	}, writeBig(true)}, "")
	h.number(number{"BigUInt64", 8, func(h *host, u uint64) goja.Value {
		return h.rt.ToValue(new(big.Int).SetUint64(u))
	}, writeBig(false)}, "BigUint64")
	h.number(number{"Float", 4, func(h *host, u uint64) goja.Value {
		return h.rt.ToValue(float64(math.Float32frombits(uint32(u))))
	}, func(h *host, v goja.Value) uint64 {
		return uint64(math.Float32bits(float32(h.float(v))))
	}}, "")
	h.number(number{"Double", 8, func(h *host, u uint64) goja.Value {
		return h.rt.ToValue(math.Float64frombits(u))
	}, func(h *host, v goja.Value) uint64 {
		f := h.float(v)
		if math.IsNaN(f) {
			return 0x7ff8 << 48 // that of Go has another bit
		}
		return math.Float64bits(f)
	}}, "")
	for _, suffix := range []string{"LE", "BE"} {
		h.variable(suffix, false)
		h.variable(suffix, true)
	}
}

// float is Number(v) of a value to be written.
func (h *host) float(v goja.Value) float64 {
	if goja.IsBigInt(v) {
		nodeerr.Throw(h.vm, "TypeError", "", "Cannot convert a BigInt value to a number")
	}
	return v.ToFloat()
}

func readUnsigned(h *host, u uint64) goja.Value { return h.rt.ToValue(int64(u)) }

func readSigned(size int) func(*host, uint64) goja.Value {
	shift := 64 - 8*size
	return func(h *host, u uint64) goja.Value { return h.rt.ToValue(int64(u<<shift) >> shift) }
}

func writeUnsigned(size int) func(*host, goja.Value) uint64 {
	return func(h *host, v goja.Value) uint64 { return h.whole(v, 0, 1<<(8*size)-1, size) }
}

func writeSigned(size int) func(*host, goja.Value) uint64 {
	return func(h *host, v goja.Value) uint64 {
		return h.whole(v, -1<<(8*size-1), 1<<(8*size-1)-1, size)
	}
}

// whole is a number from lo to hi, cut to a whole one; what is no number is 0.
func (h *host) whole(v goja.Value, lo, hi int64, size int) uint64 {
	f := h.float(v)
	if f < float64(lo) || f > float64(hi) {
		rule := fmt.Sprintf(">= %d and <= %d", lo, hi)
		switch {
		case size > 4 && lo == 0:
			rule = fmt.Sprintf(">= 0 and < 2 ** %d", 8*size)
		case size > 4:
			rule = fmt.Sprintf(">= -(2 ** %d) and < 2 ** %d", 8*size-1, 8*size-1)
		}
		nodeerr.OutOfRange(h.vm, "value", rule, h.rt.ToValue(f))
	}
	if math.IsNaN(f) {
		return 0
	}
	return uint64(int64(f))
}

func writeBig(signed bool) func(*host, goja.Value) uint64 {
	return func(h *host, v goja.Value) uint64 {
		if !goja.IsBigInt(v) {
			nodeerr.Throw(h.vm, "TypeError", "", "Cannot mix BigInt and other types, use explicit conversions")
		}
		n, ok := v.Export().(*big.Int)
		rule := ">= 0n and < 2n ** 64n"
		switch {
		case ok && signed && n.IsInt64():
			return uint64(n.Int64())
		case ok && !signed && n.IsUint64():
			return n.Uint64()
		case signed:
			rule = ">= -(2n ** 63n) and < 2n ** 63n"
		}
		nodeerr.OutOfRange(h.vm, "value", rule, v)
		return 0
	}
}

// number defines the methods of one kind, and those of another spelling of its name.
func (h *host) number(n number, alias string) {
	if n.size == 1 {
		h.accessors(n, alias, "", binary.BigEndian)
		return
	}
	h.accessors(n, alias, "LE", binary.LittleEndian)
	h.accessors(n, alias, "BE", binary.BigEndian)
}

func (h *host) accessors(n number, alias, suffix string, order binary.ByteOrder) {
	var readAlias, writeAlias []string
	if alias != "" {
		readAlias, writeAlias = []string{"read" + alias + suffix}, []string{"write" + alias + suffix}
	}
	h.method("read"+n.name+suffix, func(r receiver, a engine.Args) goja.Value {
		at := h.place(r, a.Value(0), n.size)
		return n.read(h, load64(r.b[at:at+n.size], order))
	}, readAlias...)
	h.method("write"+n.name+suffix, func(r receiver, a engine.Args) goja.Value {
		u := n.write(h, a.Value(0))
		at := h.place(r, a.Value(1), n.size)
		store64(r.b[at:at+n.size], u, order)
		return h.rt.ToValue(at + n.size)
	}, writeAlias...)
}

// place is the offset of size bytes; it is 0 when it is left out.
func (h *host) place(r receiver, v goja.Value, size int) int {
	if goja.IsUndefined(v) {
		v = h.rt.ToValue(0)
	}
	return h.offset(r, v, size)
}

func (h *host) offset(r receiver, v goja.Value, size int) int {
	if !goja.IsNumber(v) {
		nodeerr.ArgType(h.vm, "offset", "of type number", v)
	}
	f, most := v.ToFloat(), len(r.b)-size
	switch {
	case f >= 0 && f <= float64(most) && f == math.Trunc(f):
		return int(f)
	case f != math.Floor(f):
		nodeerr.OutOfRange(h.vm, "offset", "an integer", v)
	case most < 0:
		h.outside("")
	}
	nodeerr.OutOfRange(h.vm, "offset", fmt.Sprintf(">= 0 and <= %d", most), v)
	return 0
}

// width is how many bytes a number of variable length has.
func (h *host) width(v goja.Value) int {
	if !goja.IsNumber(v) {
		nodeerr.ArgType(h.vm, "byteLength", "of type number", v)
	}
	f := v.ToFloat()
	if f != math.Floor(f) {
		nodeerr.OutOfRange(h.vm, "byteLength", "an integer", v)
	}
	if f < 1 || f > 6 {
		nodeerr.OutOfRange(h.vm, "byteLength", ">= 1 and <= 6", v)
	}
	return int(f)
}

func load64(b []byte, order binary.ByteOrder) (u uint64) {
	for i := range b {
		c := b[i]
		if order == binary.LittleEndian {
			c = b[len(b)-1-i]
		}
		u = u<<8 | uint64(c)
	}
	return u
}

func store64(b []byte, u uint64, order binary.ByteOrder) {
	for i := range b {
		at := len(b) - 1 - i
		if order == binary.LittleEndian {
			at = i
		}
		b[at] = byte(u)
		u >>= 8
	}
}

// variable defines readUIntBE(offset, byteLength) or one of its relatives, for 1 to 6 bytes.
func (h *host) variable(suffix string, signed bool) {
	var order binary.ByteOrder = binary.LittleEndian
	if suffix == "BE" {
		order = binary.BigEndian
	}
	name, alias := "UInt", []string{"readUint" + suffix, "writeUint" + suffix}
	if signed {
		name, alias = "Int", nil
	}
	h.method("read"+name+suffix, func(r receiver, a engine.Args) goja.Value {
		if goja.IsUndefined(a.Value(0)) {
			nodeerr.ArgType(h.vm, "offset", "of type number", a.Value(0))
		}
		size := h.width(a.Value(1))
		at := h.offset(r, a.Value(0), size)
		u := load64(r.b[at:at+size], order)
		if signed {
			return readSigned(size)(h, u)
		}
		return readUnsigned(h, u)
	}, alias[:len(alias)/2]...)
	h.method("write"+name+suffix, func(r receiver, a engine.Args) goja.Value {
		size := h.width(a.Value(2))
		toBits := writeUnsigned(size)
		if signed {
			toBits = writeSigned(size)
		}
		u := toBits(h, a.Value(0))
		at := h.offset(r, a.Value(1), size)
		store64(r.b[at:at+size], u, order)
		return h.rt.ToValue(at + size)
	}, alias[len(alias)/2:]...)
}
