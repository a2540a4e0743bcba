package engine_test

import (
	"context"
	"testing"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// inVM runs f on the loop goroutine of a VM in which src has run.
func inVM(t testing.TB, src string, setup, f func(vm *engine.VM)) error {
	t.Helper()
	vm, err := engine.New(engine.Options{Modules: []engine.Module{{Name: "host", Setup: func(vm *engine.VM) error {
		if setup != nil {
			setup(vm)
		}
		return nil
	}}}})
	if err != nil {
		return err
	}
	return vm.Run(context.Background(), func() error {
		if err := vm.RunString("/b.js", "b.js", src); err != nil {
			return err
		}
		f(vm)
		return nil
	})
}

// message is an object whose fields are made when they are read.
type message struct {
	engine.Dynamic
	vm      *engine.VM
	topic   string
	payload []byte
	lazy    engine.LazyBuffer
	buffer  goja.Value
}

var messageKeys = []string{"topic", "message", "qos", "packetId"}

func (m *message) Get(key string) goja.Value {
	switch key {
	case "topic":
		return m.vm.Runtime().ToValue(m.topic)
	case "message":
		if m.buffer == nil {
			m.buffer = m.vm.InitLazyBuffer(&m.lazy, m.payload)
		}
		return m.buffer
	case "qos":
		return m.vm.Runtime().ToValue(0)
	}
	return nil
}
func (m *message) Set(string, goja.Value) bool { return false }
func (m *message) Has(key string) bool         { return key == "topic" || key == "message" || key == "qos" }
func (m *message) Delete(string) bool          { return false }
func (m *message) Keys() []string              { return messageKeys }

// BenchmarkEmit is what one arriving message costs on the loop: an object of four fields with a
// Buffer, the listener, and what follows a callback.
func BenchmarkEmit(b *testing.B) {
	for name, src := range map[string]string{
		"unread":  `emitter.on('message', function (m) {});`,
		"topic":   `let t; emitter.on('message', function (m) { t = m.topic; });`,
		"payload": `let n = 0; emitter.on('message', function (m) { n += m.message.length; });`,
		"text":    `let s; emitter.on('message', function (m) { s = m.topic + m.message; });`,
	} {
		for _, lazy := range []bool{false, true} {
			kind := "object/"
			if lazy {
				kind = "lazy/"
			}
			b.Run(kind+name, func(b *testing.B) {
				var e *engine.Emitter
				err := inVM(b, src, func(vm *engine.VM) {
					e = newEmitter(vm)
					_ = vm.BufferPrototype().Set("toString", vm.NewFunction("toString", func(c goja.FunctionCall) goja.Value {
						data, _ := vm.Bytes(c.This)
						return vm.Runtime().ToValue(string(data))
					}))
				}, func(vm *engine.VM) {
					payload := []byte("test payload")
					b.ReportAllocs()
					for b.Loop() {
						var v goja.Value
						if lazy {
							m := &message{vm: vm, topic: "/testing", payload: payload}
							v = vm.InitDynamic(&m.Dynamic, m)
						} else {
							v = vm.NewObject("topic", "/testing", "message", vm.NewBuffer(payload), "qos", 0, "packetId", goja.Undefined())
						}
						e.Dispatch("message", v)
					}
				})
				if err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

// BenchmarkPublish is a native call with checked arguments and an options object, as publish has.
func BenchmarkPublish(b *testing.B) {
	err := inVM(b, `run = n => { for (let i = 0; i < n; i++) publish('/testing', 'payload', { qos: 0 }); };`, func(vm *engine.VM) {
		vm.SetGlobal("run", goja.Undefined())
		native(vm, "publish", func(a engine.Args) goja.Value {
			if a.String(0, "topic") == "" || len(a.Bytes(1, "message")) == 0 {
				return nil
			}
			o := a.Object(2, "options")
			if v := vm.Field(o, "qos"); engine.Given(v) {
				vm.CheckInt("publish: options.qos", v, 0, 2)
			}
			if v := vm.Field(o, "retain"); engine.Given(v) {
				vm.CheckBool("publish: options.retain", v)
			}
			return goja.Undefined()
		})
	}, func(vm *engine.VM) {
		f, _ := vm.ToFunc(vm.Runtime().Get("run"))
		b.ReportAllocs()
		b.ResetTimer()
		f.Call(goja.Undefined(), vm.Runtime().ToValue(b.N))
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSource is the whole way from another goroutine to the listener.
func BenchmarkSource(b *testing.B) {
	n := 0
	var vm *engine.VM
	vm, err := engine.New(engine.Options{Modules: []engine.Module{{Name: "host", Setup: func(vm *engine.VM) error {
		newFeed(vm, b.N)
		native(vm, "count", func(engine.Args) goja.Value { n++; return nil })
		return nil
	}}}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	if err := vm.Run(context.Background(), func() error {
		return vm.RunString("/b.js", "b.js", `feed.on('item', count); start();`)
	}); err != nil || n != b.N {
		b.Fatal(n, err)
	}
}

// BenchmarkTick is one nextTick, served by a poll.
func BenchmarkTick(b *testing.B) {
	err := inVM(b, ``, nil, func(vm *engine.VM) {
		f, _ := vm.ToFunc(vm.NewFunction("f", func(goja.FunctionCall) goja.Value { return nil }))
		b.ReportAllocs()
		for b.Loop() {
			vm.Loop().NextTick(func() { f.Call(goja.Undefined()) })
			vm.Loop().Poll(0)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkNew is a VM without modules.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := engine.New(engine.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
