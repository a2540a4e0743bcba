package engine

import (
	"reflect"
	"strings"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"
)

// stackLimit is Error.stackTraceLimit as it begins.
const stackLimit = 10

// maxSites bounds what is kept of places in code.
const maxSites = 4096

// initStackTrace gives Error what V8 has for stacks.
func (m *errorMaker) initStackTrace() {
	rt := m.vm.rt
	_ = m.class.DefineDataProperty("stackTraceLimit", rt.ToValue(stackLimit), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
	capture := m.vm.NewNative("captureStackTrace", 2, func(c goja.FunctionCall) goja.Value {
		obj, ok := c.Argument(0).(*goja.Object)
		if !ok {
			panic(m.vm.NewError("TypeError", "", "Invalid argument"))
		}
		frames := rt.CaptureCallStack(0, nil)
		m.markAsync(frames, 0)
		m.capture(obj, m.belowClass(frames[min(1, len(frames)):], c.Argument(1)))
		return goja.Undefined()
	})
	_ = m.class.DefineDataProperty("captureStackTrace", capture, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// below are the frames below the topmost call of a function; all when fn is none.
func (m *errorMaker) below(frames []goja.StackFrame, fn goja.Value) []goja.StackFrame {
	f, ok := fn.(*goja.Object)
	if !ok {
		return frames
	}
	prg := programOf(f)
	for i := range frames {
		frame := (*stackFrame)(unsafe.Pointer(&frames[i]))
		if frame.prg == prg && (prg != nil || frame.funcName.String() == m.vm.text(f.Get("name"))) {
			return frames[i+1:]
		}
	}
	return nil
}

// belowClass is below for what may be a class without a constructor of its own. That has no frame, the one that it
// inherits stands for it.
func (m *errorMaker) belowClass(frames []goja.StackFrame, fn goja.Value) []goja.StackFrame {
	for range maxClasses {
		below := m.below(frames, fn)
		f, ok := fn.(*goja.Object)
		if below != nil || !ok || programOf(f) != nil || f.Prototype() == m.vm.functionProto {
			return below
		}
		if f = f.Prototype(); f == nil {
			return nil
		}
		fn = f
	}
	return nil
}

// programOf is the compiled code of a script's function; nil for a native one.
func programOf(f *goja.Object) *goja.Program {
	self := reflect.ValueOf(f).Elem().FieldByName("self").Elem()
	if self.Kind() != reflect.Pointer || self.Type().Elem().Kind() != reflect.Struct {
		return nil
	}
	prg, ok := self.Type().Elem().FieldByName("prg")
	if !ok || prg.Type != reflect.TypeFor[*goja.Program]() {
		return nil
	}
	return (*goja.Program)(self.Elem().FieldByIndex(prg.Index).UnsafePointer())
}

// capture gives an object a stack, which is made when it is first looked at.
func (m *errorMaker) capture(obj *goja.Object, frames []goja.StackFrame) {
	limit, ok := m.limit()
	if !ok {
		return
	}
	frames = frames[:min(limit, len(frames))]
	if own := m.frames(obj); own != nil {
		if err := obj.Delete("stack"); err != nil {
			panic(err)
		}
		*own = frames
		*(*bool)(unsafe.Add((*object)(unsafe.Pointer(obj)).self.data, m.added)) = false
		return
	}
	settle := func(v goja.Value) goja.Value {
		_ = obj.DefineDataProperty("stack", v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
		return v
	}
	get := m.vm.NewFunction("get stack", func(goja.FunctionCall) goja.Value { return settle(m.stackValue(obj, frames)) })
	set := m.vm.NewFunction("set stack", func(c goja.FunctionCall) goja.Value { return settle(c.Argument(0)) })
	if err := obj.DefineAccessorProperty("stack", get, set, goja.FLAG_TRUE, goja.FLAG_FALSE); err == nil {
		return
	}
	if err := obj.DefineDataProperty("stack", m.stackValue(obj, frames), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(err)
	}
}

// stackValue is what the property stack of an error is to be.
func (m *errorMaker) stackValue(e *goja.Object, frames []goja.StackFrame) goja.Value {
	limit, _ := m.limit()
	shown := m.shown(frames, limit)
	if prepare, ok := m.vm.ToFunc(m.class.Get("prepareStackTrace")); ok && !m.busy {
		m.busy = true
		defer func() { m.busy = false }()
		sites := make([]any, len(shown))
		for i, f := range shown {
			sites[i] = m.callSite(f)
		}
		return prepare.Call(m.class, e, m.vm.rt.NewArray(sites...))
	}
	var b strings.Builder
	b.WriteString(m.headline(e))
	for _, f := range shown {
		b.WriteString("\n    at ")
		b.WriteString(f.stackLine())
	}
	return m.vm.rt.ToValue(b.String())
}

// headline is "name: message" of an error.
func (m *errorMaker) headline(e *goja.Object) string {
	name, message := "Error", ""
	if v := m.vm.property(e, "name"); v != nil && !goja.IsUndefined(v) {
		name = m.vm.text(v)
	}
	if v := m.vm.property(e, "message"); v != nil && !goja.IsUndefined(v) {
		message = m.vm.text(v)
	}
	switch {
	case name == "":
		return message
	case message == "":
		return name
	}
	return name + ": " + message
}

// shown are the innermost frames of the script, as people see them: without the host's own, behind
// which there may be async functions that wait.
func (m *errorMaker) shown(frames []goja.StackFrame, limit int) []Frame {
	out := make([]Frame, 0, min(limit, len(frames)))
	host := false
	for i := range frames {
		f := m.frame((*stackFrame)(unsafe.Pointer(&frames[i])))
		if f.File == hostFile || host && !f.Async {
			host = true
			out = withoutNatives(out)
			continue
		}
		if f.Line == noLine {
			continue
		}
		if len(out) == limit {
			return out
		}
		out = append(out, f)
	}
	return withoutNatives(out)
}

// withoutNatives leaves native functions at the end away, which belong to the host.
func withoutNatives(stack []Frame) []Frame {
	for len(stack) > 0 && stack[len(stack)-1].File == "" {
		stack = stack[:len(stack)-1]
	}
	return stack
}

// markAsync marks the frames of async functions that wait. The topmost calls have no frame.
func (m *errorMaker) markAsync(frames []goja.StackFrame, above int) {
	for i := m.syncFrames() - above; i < len(frames); i++ {
		f := (*stackFrame)(unsafe.Pointer(&frames[i]))
		f.funcName = asyncMark + f.funcName
	}
}

// asyncMark begins the name in a frame of an async function that waits.
const asyncMark = "async "

// syncFrames is how many frames of a stack are calls; the others are async functions that wait.
func (m *errorMaker) syncFrames() int {
	l := &m.in.vm
	if *(*unsafe.Pointer)(unsafe.Add(m.machine, l.runner)) == nil {
		return maxCallDepth * 2
	}
	calls := *(*[]byte)(unsafe.Add(m.machine, l.calls))
	entry := unsafe.Pointer(unsafe.SliceData(calls))
	n := 1
	for range len(calls) {
		if *(*unsafe.Pointer)(unsafe.Add(entry, l.callPrg)) != nil || *(*int)(unsafe.Add(entry, l.callSB)) > 0 {
			n++
		}
		entry = unsafe.Add(entry, l.callSize)
	}
	return n
}

// noLine is the line of a frame in code that was added to what the script's author wrote.
const noLine = -1

// frame is a frame of goja's for people. The place of each is looked up once.
func (m *errorMaker) frame(f *stackFrame) Frame {
	if f.prg == nil {
		return Frame{Func: nativeName(f.funcName.String())}
	}
	name, async := strings.CutPrefix(string(f.funcName), asyncMark)
	at := site{f.prg, f.pc}
	if shown, ok := m.lines[at]; ok {
		shown.Async = async
		return shown
	}
	plain := *f
	plain.funcName = unistring.String(name)
	shown, ok := m.vm.frame((*goja.StackFrame)(unsafe.Pointer(&plain)))
	if ok {
		shown.Func = m.displayed(at, shown.Func)
	} else {
		shown.Line = noLine
	}
	if len(m.lines) >= maxSites {
		clear(m.lines)
	}
	m.lines[at] = shown
	shown.Async = async
	return shown
}

// nativeName is how V8 names a native function that calls functions of the script.
func nativeName(name string) string {
	switch name {
	case "map", "forEach", "filter", "some", "every", "find", "findIndex", "findLast", "findLastIndex", "reduce", "reduceRight", "flatMap", "sort":
		return "Array." + name
	case "replace", "replaceAll":
		return "String." + name
	case "parse", "stringify":
		return "JSON." + name
	case "Promise":
		return "new " + name
	}
	return name
}
