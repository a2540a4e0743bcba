package engine

import (
	"reflect"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"

	"dunlin/jsre/engine/lower"
)

// goja's natives call themselves on Go's stack, and a Go stack that outgrows its limit ends the process.
// What a script can nest without a call of its own is kept from being too deep here: proxies in each
// other, arrays that become text, and text that becomes code.

// maxProxies is how many proxies may be in each other, and how many one may lead to.
const (
	maxProxies     = 1000
	maxProxyVisits = 10000
)

// guardDeep puts the guards in the place of goja's functions.
func (vm *VM) guardDeep() error {
	vm.guardProxies()
	vm.guardPrototypes()
	vm.guardJoin()
	vm.mendFunctions()
	return vm.guardEval()
}

// checkProxies throws when an object leads to too many proxies, or back to one of those that lead to it.
func (vm *VM) checkProxies(from *goja.Object, back ...*goja.Object) {
	type place struct {
		o     *goja.Object
		depth int
	}
	visits := 0
	for todo := []place{{from, 0}}; len(todo) > 0; {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for o := p.o; o != nil; {
			for _, b := range back {
				if o == b {
					panic(vm.NewError("TypeError", "", "Cyclic __proto__ value"))
				}
			}
			if !vm.isProxy(o) {
				o = o.Prototype()
				continue
			}
			if visits++; visits > maxProxyVisits || p.depth > maxProxies {
				panic(vm.overflow.error())
			}
			proxy, _ := o.Export().(goja.Proxy)
			if h := proxy.Handler(); h != nil {
				todo = append(todo, place{h, p.depth + 1})
			}
			p.depth++
			o = proxy.Target()
		}
	}
}

func (vm *VM) guardProxies() {
	old := vm.rt.Get("Proxy").ToObject(vm.rt)
	check := func(args []goja.Value) {
		for _, v := range args[:min(2, len(args))] {
			if o, ok := v.(*goja.Object); ok {
				vm.checkProxies(o)
			}
		}
	}
	class := vm.wrapClass("Proxy", 2, old, check)
	_ = class.DefineDataProperty("prototype", goja.Undefined(), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	revocable, _ := vm.ToFunc(old.Get("revocable"))
	vm.NativeMethod(class, "revocable", 2, func(c goja.FunctionCall) goja.Value {
		check(c.Arguments)
		return revocable.call(c)
	})
	vm.SetGlobal("Proxy", class)
}

// wrapClass makes a class that checks the arguments and then is another one.
func (vm *VM) wrapClass(name string, length int, old *goja.Object, check func([]goja.Value)) *goja.Object {
	call, _ := goja.AssertFunction(old)
	class, _ := vm.NewClass(name, func(c goja.ConstructorCall) *goja.Object {
		check(c.Arguments)
		o, err := vm.rt.New(old, c.Arguments...)
		if err != nil {
			panic(err)
		}
		if c.NewTarget != nil && o.Prototype() != nil && !vm.isProxy(o) {
			_ = o.SetPrototype(c.This.Prototype())
		}
		return o
	})
	vm.SetCall(class, func(c goja.FunctionCall) goja.Value {
		check(c.Arguments)
		v, err := call(goja.Undefined(), c.Arguments...)
		if err != nil {
			panic(err)
		}
		return v
	})
	_ = class.DefineDataProperty("length", vm.rt.ToValue(length), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return class
}

// guardPrototypes keeps an object out of its own chain of prototypes by way of a proxy.
func (vm *VM) guardPrototypes() {
	check := func(object, proto goja.Value) {
		p, ok := proto.(*goja.Object)
		o, ok2 := object.(*goja.Object)
		if !ok || !ok2 {
			return
		}
		self := []*goja.Object{o}
		for vm.isProxy(o) {
			proxy, _ := o.Export().(goja.Proxy)
			if o = proxy.Target(); o == nil {
				break
			}
			self = append(self, o)
		}
		vm.checkProxies(p, self...)
	}
	for _, name := range []string{"Object", "Reflect"} {
		owner := vm.rt.Get(name).ToObject(vm.rt)
		old, _ := vm.ToFunc(owner.Get("setPrototypeOf"))
		vm.NativeMethod(owner, "setPrototypeOf", 2, func(c goja.FunctionCall) goja.Value {
			check(c.Argument(0), c.Argument(1))
			return old.call(c)
		})
	}
	v, err := vm.rt.RunScript(hostFile, "Object.getOwnPropertyDescriptor(Object.prototype, '__proto__')")
	if err != nil {
		panic(err)
	}
	set, _ := vm.ToFunc(v.ToObject(vm.rt).Get("set"))
	setter := vm.NewFunction("set __proto__", func(c goja.FunctionCall) goja.Value {
		check(c.This, c.Argument(0))
		return set.call(c)
	})
	_ = vm.objectProto.DefineAccessorProperty("__proto__", v.ToObject(vm.rt).Get("get"), setter, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// guardJoin has arrays count how deep they are in each other while they become text.
func (vm *VM) guardJoin() {
	proto := vm.rt.NewArray().Prototype()
	depth := 0
	for _, name := range []string{"join", "toString"} {
		old, _ := vm.ToFunc(proto.Get(name))
		length := int(old.value.ToObject(vm.rt).Get("length").ToInteger())
		vm.NativeMethod(proto, name, length, func(c goja.FunctionCall) goja.Value {
			if depth == maxCallDepth {
				panic(vm.overflow.error())
			}
			depth++
			defer func() { depth-- }()
			return old.call(c)
		})
	}
}

// maxTextDepth is how deep code may nest brackets, and maxTextRun how many operators may follow each
// other without an end of a statement or an element: goja parses and compiles both by recursion.
// maxTextAgain is how many arrow functions may be in each other's parameters: it parses each of these twice.
const (
	maxTextDepth = 5000
	maxTextRun   = 10000
	maxTextAgain = 12
)

// tooNested reports whether a text of code nests so deep that parsing it could end the process.
func tooNested(text string) bool {
	n := NestingOf(text, false)
	return n.Brackets > maxTextDepth || n.Run > maxTextRun || n.Again > maxTextAgain
}

// checkText throws when a text of code nests too deep.
func (vm *VM) checkText(v goja.Value) {
	if s, ok := v.(goja.String); ok && tooNested(s.String()) {
		panic(vm.overflow.error())
	}
}

// textGuard is the name of the function that a call of eval passes its text through.
const textGuard = "__textOfCode__"

// guardEval has eval look at its text. A direct call of eval calls no function: goja knows it by the
// object that its runtime holds. So ours takes that place, and the trees of scripts have a guard around
// what they pass to eval; so has text that calls eval itself.
func (vm *VM) guardEval() error {
	slot, err := vm.evalSlot()
	if err != nil {
		return err
	}
	old, _ := vm.ToFunc(*slot)
	guard := func(c goja.FunctionCall) goja.Value {
		v := c.Argument(0)
		vm.checkText(v)
		if s, ok := v.(goja.String); ok {
			text := s.String()
			if changed := mendEval(text); changed != text {
				return vm.rt.ToValue(changed)
			}
		}
		return v
	}
	eval := vm.NewNative("eval", 1, func(c goja.FunctionCall) goja.Value { return old.Call(goja.Undefined(), guard(c)) })
	*slot = eval
	vm.SetGlobal("eval", eval)
	f := vm.NewFunction(textGuard, guard)
	return vm.rt.GlobalObject().DefineDataProperty(textGuard, f, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
}

// evalSlot is where the runtime holds its eval.
func (vm *VM) evalSlot() (**goja.Object, error) {
	global, ok := reflect.TypeFor[goja.Runtime]().FieldByName("global")
	if !ok || global.Type.Kind() != reflect.Struct {
		return nil, errLayout
	}
	eval, ok := global.Type.FieldByName("Eval")
	if !ok || eval.Type != reflect.TypeFor[*goja.Object]() {
		return nil, errLayout
	}
	vm.rt.Get("eval") // it is made when it is first asked for
	slot := (**goja.Object)(unsafe.Add(unsafe.Pointer(vm.rt), global.Offset+eval.Offset))
	if *slot == nil {
		return nil, errLayout
	}
	return slot, nil
}

// guardCalls puts the guard around what a tree passes to eval.
func guardCalls(tree *ast.Program) { lower.GuardEval(tree, textGuard) }
