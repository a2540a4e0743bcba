package process

import (
	"io"
	"slices"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// stdin is process.stdin. Nothing is read, and the script not kept alive, before the script asks for input.
type stdin struct {
	vm      *engine.VM
	obj     *goja.Object
	emitter *engine.Emitter
	in      io.Reader
	chunks  []goja.Value // read, and not yet taken
	decoder *goja.Object // nil: chunks are Buffers

	flowing, paused bool // paused: by the script, so that a listener does not have it flow
	kept            bool // by ref, which unref takes away
	reading         bool // a goroutine reads
	ended, told     bool // the input has; and the script knows
	release         func()
}

// maxChunk is how much is read at once, as in Node.js.
const maxChunk = 64 << 10

func newStdin(vm *engine.VM, tty bool) *goja.Object {
	s := &stdin{vm: vm, in: vm.Options().Stdin, kept: true}
	s.obj = vm.NewObject("fd", 0, "isTTY", tty, "readable", true, "isRaw", false)
	_ = s.obj.SetPrototype(vm.EmitterPrototype())
	s.emitter = vm.NewEmitter(s.obj)
	for _, name := range []string{"on", "addListener", "once", "prependListener", "prependOnceListener", "off", "removeListener", "removeAllListeners"} {
		f, _ := vm.ToFunc(vm.EmitterPrototype().Get(name))
		vm.Method(s.obj, name, func(c goja.FunctionCall) goja.Value {
			v := f.Call(s.obj, c.Arguments...)
			s.listened(c.Argument(0).String())
			return v
		})
	}
	method := func(name string, f func(engine.Args)) {
		vm.Method(s.obj, name, func(c goja.FunctionCall) goja.Value {
			f(vm.Args(name, c.Arguments))
			return s.obj
		})
	}
	method("resume", func(engine.Args) { s.flowing, s.paused = true, false; s.soon() })
	method("pause", func(engine.Args) { s.flowing, s.paused = false, true; s.look() })
	method("ref", func(engine.Args) { s.kept = true; s.look() })
	method("unref", func(engine.Args) { s.kept = false; s.look() })
	method("setRawMode", func(engine.Args) {
		vm.Throw("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "setRawMode: the terminal of a script gives whole lines only")
	})
	method("setEncoding", s.setEncoding)
	method("destroy", func(engine.Args) { s.ended, s.chunks = true, nil; s.soon() })
	vm.Method(s.obj, "isPaused", func(goja.FunctionCall) goja.Value { return vm.Runtime().ToValue(s.paused) })
	vm.Method(s.obj, "read", func(goja.FunctionCall) goja.Value { return s.read() })
	if key, ok := vm.Runtime().Get("Symbol").ToObject(vm.Runtime()).Get("asyncIterator").(*goja.Symbol); ok {
		f := vm.NewFunction("[Symbol.asyncIterator]", func(goja.FunctionCall) goja.Value { return s.iterate() })
		_ = s.obj.DefineDataPropertySymbol(key, f, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	return s.obj
}

// listened follows a change of the listeners of an event.
func (s *stdin) listened(event string) {
	if event == "data" && !s.paused && s.emitter.Count("data") > 0 {
		s.flowing = true
	}
	s.soon()
}

// soon has the loop give what is there, and read on.
func (s *stdin) soon() {
	s.vm.Loop().NextTick(s.look)
}

// wanted reports whether the script waits for input.
func (s *stdin) wanted() bool {
	return !s.told && (s.flowing || s.emitter.Count("readable") > 0 && !s.paused)
}

// look gives what is there and reads on while the script wants more, and keeps it alive so long.
func (s *stdin) look() {
	for s.flowing && len(s.chunks) > 0 {
		v := s.chunks[0]
		s.chunks = s.chunks[1:]
		s.emitter.Emit("data", v)
	}
	if s.ended && len(s.chunks) == 0 && s.wanted() {
		s.told = true
		s.emitter.Emit("end")
		s.emitter.Emit("close")
	}
	s.readOn(s.wanted())
}

// readOn reads when more is wanted, and keeps the script alive for it.
func (s *stdin) readOn(want bool) {
	if want && !s.reading && !s.ended && len(s.chunks) == 0 {
		s.reading = true
		go s.fetch()
	}
	switch keep := want && s.kept && s.reading; {
	case keep && s.release == nil:
		s.release = s.vm.Loop().Ref()
	case !keep && s.release != nil:
		s.release()
		s.release = nil
	}
}

// fetch reads once. It is on a goroutine of its own, which a script that ends leaves behind: a read of
// standard input cannot be called off.
func (s *stdin) fetch() {
	var b []byte
	err := io.EOF
	if s.in != nil {
		b = make([]byte, maxChunk)
		var n int
		n, err = s.in.Read(b)
		b = slices.Clip(b[:n])
	}
	s.vm.Loop().Post(func() {
		s.reading = false
		s.got(b, err)
	})
}

func (s *stdin) got(b []byte, err error) {
	if s.ended { // the script destroyed it
		return
	}
	if len(b) > 0 {
		s.push(s.vm.NewBuffer(b))
	}
	if err != nil {
		s.ended = true
		if rest := s.decode("end"); rest != nil {
			s.chunks = append(s.chunks, rest)
		}
	}
	if !s.flowing && (len(s.chunks) > 0 || s.ended) {
		s.emitter.Emit("readable")
	}
	s.look()
}

func (s *stdin) push(v goja.Value) {
	if s.decoder != nil {
		v = s.decode("write", v)
	}
	if v != nil {
		s.chunks = append(s.chunks, v)
	}
}

// decode calls a method of the decoder; nil: there is no text yet.
func (s *stdin) decode(method string, args ...goja.Value) goja.Value {
	if s.decoder == nil {
		return nil
	}
	f, _ := s.vm.ToFunc(s.decoder.Get(method))
	if v := f.Call(s.decoder, args...); v.String() != "" {
		return v
	}
	return nil
}

func (s *stdin) setEncoding(a engine.Args) {
	module, ok := s.vm.Require("string_decoder")
	if !ok {
		s.vm.Throw("EINVAL", "setEncoding: this runtime has no module string_decoder")
	}
	name := s.vm.Runtime().ToValue("utf8")
	if a.Given(0) {
		name = a.Value(0)
	}
	decoder, err := s.vm.Runtime().New(module.ToObject(s.vm.Runtime()).Get("StringDecoder"), name)
	if err != nil {
		panic(err)
	}
	s.decoder = decoder
	waiting := s.chunks
	s.chunks = nil
	for _, v := range waiting {
		s.push(v)
	}
}

// read takes all that was read, or null.
func (s *stdin) read() goja.Value {
	defer s.soon()
	if len(s.chunks) == 0 {
		return goja.Null()
	}
	v := s.chunks[0]
	if len(s.chunks) > 1 && s.decoder != nil {
		text := ""
		for _, c := range s.chunks {
			text += c.String()
		}
		v = s.vm.Runtime().ToValue(text)
	} else if len(s.chunks) > 1 {
		var all []byte
		for _, c := range s.chunks {
			b, _ := s.vm.Bytes(c)
			all = append(all, b...)
		}
		v = s.vm.NewBuffer(all)
	}
	s.chunks = nil
	return v
}

// iterate is for await: it reads only what it is asked for.
func (s *stdin) iterate() goja.Value {
	vm := s.vm
	var it *engine.AsyncIterator
	listen := func(event string, f func(goja.FunctionCall) goja.Value) (off func()) {
		fn := vm.NewFunction("", f)
		on, _ := vm.ToFunc(s.obj.Get("on"))
		remove, _ := vm.ToFunc(s.obj.Get("off"))
		on.Call(s.obj, vm.Runtime().ToValue(event), fn)
		return func() { remove.Call(s.obj, vm.Runtime().ToValue(event), fn) }
	}
	s.flowing, s.paused = false, true
	var offs []func()
	it = vm.NewAsyncIterator(func() {
		for _, off := range offs {
			off()
		}
		s.flowing, s.paused = false, true
		s.soon()
	})
	offs = append(offs, listen("data", func(c goja.FunctionCall) goja.Value {
		s.flowing = false
		it.Push(c.Argument(0))
		return goja.Undefined()
	}), listen("end", func(goja.FunctionCall) goja.Value {
		it.End()
		return goja.Undefined()
	}))
	next, _ := vm.ToFunc(it.Object().Get("next"))
	vm.Method(it.Object(), "next", func(c goja.FunctionCall) goja.Value {
		if it.Waiting() == 0 {
			if s.told {
				it.End()
			}
			s.flowing = true
			s.soon()
		}
		return next.Call(c.This, c.Arguments...)
	})
	return it.Object()
}
