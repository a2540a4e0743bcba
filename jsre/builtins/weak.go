package builtins

import (
	"weak"

	"github.com/dop251/goja"
)

// weakRef makes class WeakRef. What it refers to is Go's to collect.
func (l *lang) weakRef() goja.Value {
	class, proto := l.vm.NewClass("WeakRef", func(c goja.ConstructorCall) *goja.Object {
		switch target := c.Argument(0).(type) {
		case *goja.Object:
			l.vm.SetSlot(c.This, weak.Make(target))
		case *goja.Symbol:
			l.vm.SetSlot(c.This, target)
		default:
			l.typeError("WeakRef: target must be an object")
		}
		return nil
	})
	l.vm.NativeMethod(proto, "deref", 0, func(c goja.FunctionCall) goja.Value {
		switch target := l.vm.Slot(c.This).(type) {
		case weak.Pointer[goja.Object]:
			if o := target.Value(); o != nil {
				return o
			}
			return goja.Undefined()
		case *goja.Symbol:
			return target
		}
		l.typeError("Method WeakRef.prototype.deref called on incompatible receiver " + l.show(c.This))
		return nil
	})
	l.tag(proto, "WeakRef")
	return class
}

// finalizationRegistry makes a class whose callbacks are never called, which the language allows.
func (l *lang) finalizationRegistry() goja.Value {
	class, proto := l.vm.NewClass("FinalizationRegistry", func(c goja.ConstructorCall) *goja.Object {
		if !callable(c.Argument(0)) {
			l.typeError("FinalizationRegistry: cleanup must be callable")
		}
		l.vm.SetSlot(c.This, finalizers{})
		return nil
	})
	check := func(v goja.Value, name string) finalizers {
		f, ok := l.vm.Slot(v).(finalizers)
		if !ok {
			l.typeError("Method FinalizationRegistry.prototype." + name + " called on incompatible receiver " + l.show(v))
		}
		return f
	}
	l.vm.NativeMethod(proto, "register", 2, func(c goja.FunctionCall) goja.Value {
		f := check(c.This, "register")
		target, ok := c.Argument(0).(*goja.Object)
		if !ok {
			l.typeError("FinalizationRegistry.prototype.register: invalid target")
		}
		if target == c.Argument(1) {
			l.typeError("FinalizationRegistry.prototype.register: target and holdings must not be same")
		}
		if token, ok := c.Argument(2).(*goja.Object); ok {
			f[weak.Make(token)] = true
		}
		return goja.Undefined()
	})
	l.vm.NativeMethod(proto, "unregister", 1, func(c goja.FunctionCall) goja.Value {
		f := check(c.This, "unregister")
		token, ok := c.Argument(0).(*goja.Object)
		if !ok {
			l.typeError("Invalid unregisterToken ('" + l.show(c.Argument(0)) + "')")
		}
		known := f[weak.Make(token)]
		delete(f, weak.Make(token))
		return l.rt.ToValue(known)
	})
	l.tag(proto, "FinalizationRegistry")
	return class
}

type finalizers map[weak.Pointer[goja.Object]]bool
