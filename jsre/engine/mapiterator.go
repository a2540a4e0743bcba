package engine

import (
	"reflect"

	"github.com/dop251/goja"
)

// goja has no way to look at an iterator of a map or a set without moving it on. Its fields are read by their names
// here, which are those of the goja of go.mod; with another goja that has others, iterators are shown as plain objects,
// and a test says so.

// iterationKeyValue is goja's kind of an iterator that gives pairs.
const iterationKeyValue = 2

// inner is the struct that goja keeps of an object; not valid if goja has another layout.
func inner(obj *goja.Object) (s reflect.Value) {
	self := reflect.ValueOf(obj).Elem().FieldByName("self")
	if !self.IsValid() || self.Kind() != reflect.Interface || self.Elem().Kind() != reflect.Pointer || self.Elem().Elem().Kind() != reflect.Struct {
		return s
	}
	return self.Elem().Elem()
}

// InnerKind is the name that goja has for what an object is inside, such as generatorObject, whatever its prototype.
func (vm *VM) InnerKind(obj *goja.Object) string {
	if s := inner(obj); s.IsValid() {
		return s.Type().Name()
	}
	return ""
}

// iteratorOf is goja's iterator of a map or a set, and whose it is; empty for other objects.
func iteratorOf(obj *goja.Object) (it reflect.Value, of string) {
	it = inner(obj)
	if !it.IsValid() || !it.FieldByName("iter").IsValid() || it.FieldByName("kind").Kind() != reflect.Int {
		return it, ""
	}
	switch it.Type().Name() {
	case "mapIterObject":
		return it, "Map"
	case "setIterObject":
		return it, "Set"
	}
	return it, ""
}

// IteratorKind is what Node.js calls an iterator of a map or a set: "Map Iterator", "Map Entries" and so on; empty for
// other objects.
func (vm *VM) IteratorKind(obj *goja.Object) string {
	switch it, of := iteratorOf(obj); {
	case of == "":
		return ""
	case it.FieldByName("kind").Int() == iterationKeyValue:
		return of + " Entries"
	default:
		return of + " Iterator"
	}
}

// IteratorRest is what an iterator of a map or a set has still to give: values, or keys and values where it gives
// both. The iterator stays where it is.
func (vm *VM) IteratorRest(obj *goja.Object) (out [][2]goja.Value) {
	it, of := iteratorOf(obj)
	if of == "" || it.FieldByName("iter").IsNil() {
		return nil
	}
	iter, kind := it.FieldByName("iter").Elem(), it.FieldByName("kind").Int()
	if iter.FieldByName("m").IsNil() {
		return nil
	}
	at := iter.FieldByName("cur")
	for !at.IsNil() && at.Elem().FieldByName("key").IsNil() { // it was deleted
		at = at.Elem().FieldByName("iterPrev")
	}
	if at.IsNil() {
		at = iter.FieldByName("m").Elem().FieldByName("iterFirst")
	} else {
		at = at.Elem().FieldByName("iterNext")
	}
	for ; !at.IsNil(); at = at.Elem().FieldByName("iterNext") {
		key, value := entryField(at.Elem(), "key"), entryField(at.Elem(), "value")
		switch {
		case kind == iterationKeyValue && of == "Set":
			out = append(out, [2]goja.Value{key, key})
		case kind == iterationKeyValue:
			out = append(out, [2]goja.Value{key, value})
		case kind == 1 && of == "Map":
			out = append(out, [2]goja.Value{value})
		default:
			out = append(out, [2]goja.Value{key})
		}
	}
	return out
}

// entryField is a field of an entry of a map, which is a value of the script.
func entryField(entry reflect.Value, name string) goja.Value {
	return *(*goja.Value)(entry.FieldByName(name).Addr().UnsafePointer())
}
