// Package domexception is the global class DOMException: the error of what comes from the web.
package domexception

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Module defines the global, which is made when it is first asked for.
func Module() engine.Module {
	return engine.Module{Name: "domexception", Setup: func(vm *engine.VM) error {
		vm.LazyGlobal("DOMException", func() goja.Value { return class(vm).class })
		return nil
	}}
}

type shared struct{ class, proto *goja.Object }

type key struct{}

func class(vm *engine.VM) *shared {
	s, _ := vm.Shared(key{}, func() any { return newClass(vm) }).(*shared)
	return s
}

// New makes a DOMException, such as one named "AbortError".
func New(vm *engine.VM, message, name string) *goja.Object {
	rt := vm.Runtime()
	obj, err := rt.New(class(vm).class, rt.ToValue(message), rt.ToValue(name))
	if err != nil {
		panic(err)
	}
	return obj
}

// codes are the numbers that names have had.
func codes() []struct {
	name, constant string
	code           int
} {
	return []struct {
		name, constant string
		code           int
	}{
		{"IndexSizeError", "INDEX_SIZE_ERR", 1},
		{"", "DOMSTRING_SIZE_ERR", 2},
		{"HierarchyRequestError", "HIERARCHY_REQUEST_ERR", 3},
		{"WrongDocumentError", "WRONG_DOCUMENT_ERR", 4},
		{"InvalidCharacterError", "INVALID_CHARACTER_ERR", 5},
		{"", "NO_DATA_ALLOWED_ERR", 6},
		{"NoModificationAllowedError", "NO_MODIFICATION_ALLOWED_ERR", 7},
		{"NotFoundError", "NOT_FOUND_ERR", 8},
		{"NotSupportedError", "NOT_SUPPORTED_ERR", 9},
		{"InUseAttributeError", "INUSE_ATTRIBUTE_ERR", 10},
		{"InvalidStateError", "INVALID_STATE_ERR", 11},
		{"SyntaxError", "SYNTAX_ERR", 12},
		{"InvalidModificationError", "INVALID_MODIFICATION_ERR", 13},
		{"NamespaceError", "NAMESPACE_ERR", 14},
		{"InvalidAccessError", "INVALID_ACCESS_ERR", 15},
		{"", "VALIDATION_ERR", 16},
		{"TypeMismatchError", "TYPE_MISMATCH_ERR", 17},
		{"SecurityError", "SECURITY_ERR", 18},
		{"NetworkError", "NETWORK_ERR", 19},
		{"AbortError", "ABORT_ERR", 20},
		{"URLMismatchError", "URL_MISMATCH_ERR", 21},
		{"QuotaExceededError", "QUOTA_EXCEEDED_ERR", 22},
		{"TimeoutError", "TIMEOUT_ERR", 23},
		{"InvalidNodeTypeError", "INVALID_NODE_TYPE_ERR", 24},
		{"DataCloneError", "DATA_CLONE_ERR", 25},
	}
}

func newClass(vm *engine.VM) *shared {
	rt := vm.Runtime()
	errorClass := vm.NewError("Error", "", "").Get("constructor").ToObject(rt)
	s := &shared{}
	s.class, s.proto = vm.NewClass("DOMException", func(c goja.ConstructorCall) *goja.Object { return construct(vm, errorClass, c) })
	_ = s.proto.SetPrototype(errorClass.Get("prototype").ToObject(rt))
	vm.Getter(s.proto, "code", func(this goja.Value) goja.Value {
		obj, ok := this.(*goja.Object)
		if !ok {
			vm.ThrowType("code was asked of %s, not of a DOMException", vm.TypeName(this))
		}
		name := obj.Get("name")
		for _, c := range codes() {
			if c.name != "" && name != nil && name.String() == c.name {
				return rt.ToValue(c.code)
			}
		}
		return rt.ToValue(0)
	})
	for _, c := range codes() {
		for _, o := range []*goja.Object{s.class, s.proto} {
			_ = o.DefineDataProperty(c.constant, rt.ToValue(c.code), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE)
		}
	}
	_ = s.proto.DefineDataPropertySymbol(goja.SymToStringTag, rt.ToValue("DOMException"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return s
}

// construct makes an Error with a stack and the prototype of the class. The second argument is a name,
// or an object with name and cause.
func construct(vm *engine.VM, errorClass *goja.Object, c goja.ConstructorCall) *goja.Object {
	rt := vm.Runtime()
	message := ""
	if v := c.Argument(0); !goja.IsUndefined(v) {
		message = v.String()
	}
	obj, err := rt.New(errorClass, rt.ToValue(message))
	if err != nil {
		panic(err)
	}
	_ = obj.SetPrototype(c.This.Prototype())
	name := "Error"
	if options, ok := c.Argument(1).(*goja.Object); ok {
		if v := options.Get("name"); engine.Given(v) {
			name = v.String()
		}
		if v := options.Get("cause"); v != nil {
			hide(obj, "cause", v)
		}
	} else if v := c.Argument(1); !goja.IsUndefined(v) {
		name = v.String()
	}
	hide(obj, "message", rt.ToValue(message))
	hide(obj, "name", rt.ToValue(name))
	return obj
}

func hide(obj *goja.Object, name string, v goja.Value) {
	_ = obj.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}
