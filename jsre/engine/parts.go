package engine

import (
	"errors"
	"reflect"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"
)

// The types of this file are those that goja makes its objects of, by the names that they and their
// fields have there. goja makes a Buffer of seven pieces of memory, by way of a constructor, and a
// dynamic object of two; a script that gets a message needs one of each. With these types either is
// one piece, or part of another. newParts compares them with goja's own, so that another goja fails
// at once.

// anyInterface is an interface value whose type is not exported.
type anyInterface struct {
	kind unsafe.Pointer // the same for all objects of a kind
	data unsafe.Pointer
}

type object struct {
	self    anyInterface
	runtime *goja.Runtime
}

func (o *object) value() *goja.Object { return (*goja.Object)(unsafe.Pointer(o)) }

type properties = map[unistring.String]goja.Value

type baseObject struct {
	class      string
	val        *goja.Object
	prototype  *goja.Object
	extensible bool

	values    properties
	propNames []unistring.String

	lastSortedPropLen, idxPropCount int

	symValues       unsafe.Pointer
	privateElements unsafe.Pointer
}

type typedArrayObject struct {
	baseObject     baseObject
	viewedArrayBuf *arrayBufferObject
	defaultCtor    *goja.Object
	length, offset int
	elemSize       int
	typedArray     anyInterface
}

type arrayBufferObject struct {
	baseObject baseObject
	detached   bool
	data       []byte
}

type baseDynamicObject struct {
	val       *goja.Object
	prototype *goja.Object
}

type dynamicObject struct {
	baseDynamicObject baseDynamicObject
	d                 goja.DynamicObject
}

// bufferParts is a Buffer and its ArrayBuffer.
type bufferParts struct {
	view   object
	array  typedArrayObject
	memory object
	buffer arrayBufferObject
}

// Dynamic is memory for a dynamic object, to be part of what answers for it, see [VM.InitDynamic].
type Dynamic struct {
	outer object
	inner dynamicObject
}

// parts are an object of each kind, as goja has made it.
type parts struct {
	buffer  bufferParts
	dynamic Dynamic
}

var errParts = errors.New("script engine: goja does not make Buffers and dynamic objects of the parts that it was made of; pin the goja version this was written for")

// newParts takes a Buffer and a dynamic object of goja's own apart.
func newParts(buffer, memory, dynamic *goja.Object) (p parts, err error) {
	objects := []struct {
		from  *goja.Object
		outer *object
		inner reflect.Value
	}{
		{buffer, &p.buffer.view, reflect.ValueOf(&p.buffer.array).Elem()},
		{memory, &p.buffer.memory, reflect.ValueOf(&p.buffer.buffer).Elem()},
		{dynamic, &p.dynamic.outer, reflect.ValueOf(&p.dynamic.inner).Elem()},
	}
	if !sameLayout(reflect.TypeFor[object](), reflect.TypeFor[goja.Object]()) {
		return p, errParts
	}
	for _, o := range objects {
		self := reflect.ValueOf(o.from).Elem().FieldByName("self").Elem()
		if self.Kind() != reflect.Pointer || !sameLayout(o.inner.Type(), self.Type().Elem()) {
			return p, errParts
		}
		*o.outer = *(*object)(unsafe.Pointer(o.from))
		o.inner.Set(reflect.NewAt(o.inner.Type(), self.UnsafePointer()).Elem())
	}
	if !p.buffer.joined() {
		return p, errParts
	}
	return p, nil
}

// joined reports whether the view of a Buffer that goja has made leads to its memory as fillBuffer has it.
func (b *bufferParts) joined() bool {
	bytes := (*arrayBufferObject)(b.memory.self.data)
	return b.array.viewedArrayBuf == bytes && b.array.typedArray.data == unsafe.Pointer(&bytes.data)
}

// sameLayout reports whether ours describes memory of the type goja.
func sameLayout(ours, theirs reflect.Type) bool {
	if ours == reflect.TypeFor[anyInterface]() {
		return theirs.Kind() == reflect.Interface
	}
	switch ours.Kind() {
	case reflect.UnsafePointer:
		return theirs.Kind() == reflect.Pointer || theirs.Kind() == reflect.Map
	case reflect.Pointer:
		return ours == theirs || theirs.Kind() == reflect.Pointer && isMirror(ours.Elem(), theirs.Elem())
	case reflect.Struct:
	default:
		return ours == theirs
	}
	if theirs.Kind() != reflect.Struct || ours.NumField() != theirs.NumField() {
		return false
	}
	for i := range ours.NumField() {
		a, b := ours.Field(i), theirs.Field(i)
		if a.Name != b.Name || a.Offset != b.Offset || !sameLayout(a.Type, b.Type) {
			return false
		}
	}
	return true
}

// isMirror reports whether ours stands for theirs of goja, by its name: the layout is compared
// elsewhere.
func isMirror(ours, theirs reflect.Type) bool {
	return ours.PkgPath() != theirs.PkgPath() && ours.Name() == theirs.Name()
}

// newBuffer makes a Buffer on b.
func (p *parts) newBuffer(b []byte) *goja.Object {
	n := &bufferParts{}
	p.fillBuffer(n, &n.view, b)
	return n.view.value()
}

// fillBuffer makes view a Buffer on b, of the other parts in n.
func (p *parts) fillBuffer(n *bufferParts, view *object, b []byte) {
	model := &p.buffer
	n.memory = object{anyInterface{model.memory.self.kind, unsafe.Pointer(&n.buffer)}, model.memory.runtime}
	fillObject(&n.buffer.baseObject, &model.buffer.baseObject, &n.memory)
	n.buffer.data = b
	*view = object{anyInterface{model.view.self.kind, unsafe.Pointer(&n.array)}, model.view.runtime}
	fillObject(&n.array.baseObject, &model.array.baseObject, view)
	n.array.viewedArrayBuf = &n.buffer
	n.array.defaultCtor = model.array.defaultCtor
	n.array.length = len(b)
	n.array.elemSize = 1
	n.array.typedArray = anyInterface{model.array.typedArray.kind, unsafe.Pointer(&n.buffer.data)}
}

// fillObject makes o, which must be zero, the inner part of outer and without properties.
func fillObject(o, model *baseObject, outer *object) {
	o.class, o.prototype, o.extensible = model.class, model.prototype, true
	o.val = outer.value()
	o.values = properties{}
}

// InitDynamic makes d, which must be zero, the object that answers as by, and returns it. It is
// Runtime.NewDynamicObject without memory of its own: let d be a field of by.
func (vm *VM) InitDynamic(d *Dynamic, by goja.DynamicObject) *goja.Object {
	model := &vm.parts.dynamic
	d.outer = object{anyInterface{model.outer.self.kind, unsafe.Pointer(&d.inner)}, model.outer.runtime}
	d.inner = dynamicObject{baseDynamicObject{d.outer.value(), model.inner.baseDynamicObject.prototype}, by}
	return d.outer.value()
}
