package buffer

import (
	"bytes"
	"math"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/inspect"
	"dunlin/jsre/nodeerr"
)

// blob is the Go side of a Blob: bytes that do not change.
type blob struct {
	b    []byte
	kind string
}

type blobClass struct{ class, proto *goja.Object }

type blobKey struct{}

func (h *host) blobs() *blobClass {
	s, _ := h.vm.Shared(blobKey{}, func() any { return h.newBlobClass() }).(*blobClass)
	return s
}

func (h *host) newBlobClass() *blobClass {
	s := &blobClass{}
	s.class, s.proto = h.vm.NewClass("Blob", func(c goja.ConstructorCall) *goja.Object {
		b := &blob{}
		if v := c.Argument(0); !goja.IsUndefined(v) {
			b.b = h.blobContent(v)
		}
		if o, ok := c.Argument(1).(*goja.Object); ok {
			b.kind = blobKind(h.vm.Field(o, "type"))
		}
		h.vm.SetSlot(c.This, b)
		return nil
	})
	method := func(name string, f func(*blob, goja.FunctionCall) goja.Value) {
		h.vm.Method(s.proto, name, func(c goja.FunctionCall) goja.Value { return f(h.thisBlob(c.This), c) })
	}
	h.vm.Getter(s.proto, "size", func(this goja.Value) goja.Value { return h.rt.ToValue(len(h.thisBlob(this).b)) })
	h.vm.Getter(s.proto, "type", func(this goja.Value) goja.Value { return h.rt.ToValue(h.thisBlob(this).kind) })
	method("text", func(b *blob, _ goja.FunctionCall) goja.Value { return h.resolved(ValidText(b.b)) })
	method("arrayBuffer", func(b *blob, _ goja.FunctionCall) goja.Value {
		return h.resolved(h.rt.NewArrayBuffer(bytes.Clone(b.b)))
	})
	method("slice", h.sliceBlob)
	inspect.Show(h.vm, s.proto, inspect.Look{Deep: "[Blob]", Parts: func(this goja.Value) (string, *goja.Object) {
		b := h.thisBlob(this)
		return "Blob", h.vm.NewObject("size", len(b.b), "type", b.kind)
	}})
	_ = s.proto.DefineDataPropertySymbol(goja.SymToStringTag, h.rt.ToValue("Blob"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return s
}

func (h *host) thisBlob(v goja.Value) *blob {
	b, ok := h.vm.Slot(v).(*blob)
	if !ok {
		nodeerr.Throw(h.vm, "TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type Blob`)
	}
	return b
}

// blobKind is the type of a Blob, which is empty unless it is printable.
func blobKind(v goja.Value) string {
	if goja.IsUndefined(v) {
		return ""
	}
	kind := v.String()
	for _, r := range kind {
		if r < 0x20 || r > 0x7e {
			return ""
		}
	}
	return strings.ToLower(kind)
}

// blobContent joins what a Blob is made of: texts, bytes and other Blobs.
func (h *host) blobContent(v goja.Value) (out []byte) {
	list, ok := v.(*goja.Object)
	if !ok || list.GetSymbol(goja.SymIterator) == nil {
		nodeerr.ArgType(h.vm, "sources", "a sequence", v)
	}
	h.rt.ForOf(list, func(part goja.Value) bool {
		if b, ok := h.vm.Bytes(part); ok {
			out = append(out, b...)
		} else if b, ok := h.vm.Slot(part).(*blob); ok {
			out = append(out, b.b...)
		} else {
			out = append(out, part.String()...)
		}
		if len(out) > maxLength {
			nodeerr.Throw(h.vm, "RangeError", "ERR_BUFFER_TOO_LARGE", "Cannot create a Buffer larger than 1073741824 bytes")
		}
		return true
	})
	return out
}

// resolved is a promise that has a value already.
func (h *host) resolved(v any) goja.Value {
	p, resolve, _ := h.rt.NewPromise()
	_ = resolve(v)
	return h.rt.ToValue(p)
}

// sliceBlob is slice([start[, end[, type]]]); negative places count from the end.
func (h *host) sliceBlob(b *blob, c goja.FunctionCall) goja.Value {
	n := float64(len(b.b))
	at := func(i int, missing float64) int {
		f := math.Trunc(toNumber(c.Argument(i), missing))
		if f < 0 {
			f += n
		}
		return int(max(0, min(f, n)))
	}
	from := at(0, 0)
	part := &blob{b: b.b[from:max(from, at(1, n))], kind: blobKind(c.Argument(2))}
	obj := h.rt.CreateObject(h.blobs().proto)
	h.vm.SetSlot(obj, part)
	return obj
}
