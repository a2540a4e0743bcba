package buffer

import (
	"encoding/binary"
	"math"
	"math/big"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// number is one kind of number that a Buffer reads and writes.
type number struct {
	name  string // as in readUInt16LE, without byte order for one byte
	size  int
	read  func(h *host, u uint64) goja.Value
	write func(h *host, what string, v goja.Value) uint64
}

// numbers defines read and write methods for all kinds, in both byte orders, with both spellings of
// UInt that Node.js has.
func (h *host) numbers() {
	for _, size := range []int{1, 2, 4} {
		bits := map[int]string{1: "8", 2: "16", 4: "32"}[size]
		for _, name := range []string{"UInt" + bits, "Uint" + bits} {
			h.number(number{name, size, readUnsigned, writeUnsigned(size)})
		}
		h.number(number{"Int" + bits, size, readSigned(size), writeSigned(size)})
	}
	h.number(number{"BigInt64", 8, func(h *host, u uint64) goja.Value {
		return h.rt.ToValue(big.NewInt(int64(u)))
	}, writeBig(true)})
	for _, name := range []string{"BigUInt64", "BigUint64"} {
		h.number(number{name, 8, func(h *host, u uint64) goja.Value {
			return h.rt.ToValue(new(big.Int).SetUint64(u))
		}, writeBig(false)})
	}
	h.number(number{"Float", 4, func(h *host, u uint64) goja.Value {
		return h.rt.ToValue(float64(math.Float32frombits(uint32(u))))
	}, func(_ *host, _ string, v goja.Value) uint64 {
		return uint64(math.Float32bits(float32(v.ToFloat())))
	}})
	h.number(number{"Double", 8, func(h *host, u uint64) goja.Value {
		return h.rt.ToValue(math.Float64frombits(u))
	}, func(_ *host, _ string, v goja.Value) uint64 { return math.Float64bits(v.ToFloat()) }})
	h.variable()
}

func readUnsigned(h *host, u uint64) goja.Value { return h.rt.ToValue(int64(u)) }

func readSigned(size int) func(*host, uint64) goja.Value {
	shift := 64 - 8*size
	return func(h *host, u uint64) goja.Value { return h.rt.ToValue(int64(u<<shift) >> shift) }
}

func writeUnsigned(size int) func(*host, string, goja.Value) uint64 {
	return func(h *host, what string, v goja.Value) uint64 {
		return uint64(h.whole(what, v, 0, 1<<(8*size)-1))
	}
}

func writeSigned(size int) func(*host, string, goja.Value) uint64 {
	return func(h *host, what string, v goja.Value) uint64 {
		return uint64(h.whole(what, v, -1<<(8*size-1), 1<<(8*size-1)-1))
	}
}

// whole is a number cut to a whole one, which must be from lo to hi.
func (h *host) whole(what string, v goja.Value, lo, hi int64) int64 {
	if !goja.IsNumber(v) {
		h.vm.ThrowType("%s: value must be a number, got %s", what, h.vm.TypeName(v))
	}
	return h.vm.CheckInt(what+": value", h.rt.ToValue(math.Trunc(v.ToFloat())), lo, hi)
}

func writeBig(signed bool) func(*host, string, goja.Value) uint64 {
	return func(h *host, what string, v goja.Value) uint64 {
		if !goja.IsBigInt(v) {
			h.vm.ThrowType("%s: value must be a bigint, got %s", what, h.vm.TypeName(v))
		}
		n, ok := v.Export().(*big.Int)
		switch {
		case ok && signed && n.IsInt64():
			return uint64(n.Int64())
		case ok && !signed && n.IsUint64():
			return n.Uint64()
		}
		h.vm.ThrowRange("%s: value must fit into 64 bits, got %s", what, v.String())
		return 0
	}
}

// number defines the methods of one kind.
func (h *host) number(n number) {
	if n.size == 1 {
		h.accessors(n, "", binary.BigEndian)
		return
	}
	h.accessors(n, "LE", binary.LittleEndian)
	h.accessors(n, "BE", binary.BigEndian)
}

func (h *host) accessors(n number, suffix string, order binary.ByteOrder) {
	read, write := "read"+n.name+suffix, "write"+n.name+suffix
	h.method(read, func(r receiver, a engine.Args) goja.Value {
		return n.read(h, load64(h.at(r, a, 0, n.size), order))
	})
	h.method(write, func(r receiver, a engine.Args) goja.Value {
		u := n.write(h, write, a.Value(0))
		b := h.at(r, a, 1, n.size)
		store64(b, u, order)
		return h.rt.ToValue(len(r.b) - cap(b) + n.size)
	})
}

// at is the size bytes at the offset that is argument i (default 0). Their capacity reaches to the
// end of the buffer.
func (h *host) at(r receiver, a engine.Args, i, size int) []byte {
	if len(r.b) < size {
		h.vm.ThrowRange("offset is outside of the buffer: %d bytes wanted, %d there", size, len(r.b))
	}
	off := 0
	if !goja.IsUndefined(a.Value(i)) {
		off = int(a.Int(i, "offset", 0, int64(len(r.b)-size)))
	}
	return r.b[off : off+size : len(r.b)]
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

// variable defines readUIntBE(offset, byteLength) and its relatives for 1 to 6 bytes.
func (h *host) variable() {
	for _, suffix := range []string{"LE", "BE"} {
		var order binary.ByteOrder = binary.LittleEndian
		if suffix == "BE" {
			order = binary.BigEndian
		}
		for _, name := range []string{"UInt", "Uint", "Int"} {
			read, write := "read"+name+suffix, "write"+name+suffix
			h.method(read, func(r receiver, a engine.Args) goja.Value {
				size := int(a.Int(1, "byteLength", 1, 6))
				u := load64(h.at(r, a, 0, size), order)
				if name == "Int" {
					return readSigned(size)(h, u)
				}
				return readUnsigned(h, u)
			})
			h.method(write, func(r receiver, a engine.Args) goja.Value {
				size := int(a.Int(2, "byteLength", 1, 6))
				toBits := writeUnsigned(size)
				if name == "Int" {
					toBits = writeSigned(size)
				}
				u := toBits(h, write, a.Value(0))
				b := h.at(r, a, 1, size)
				store64(b, u, order)
				return h.rt.ToValue(len(r.b) - cap(b) + size)
			})
		}
	}
}
