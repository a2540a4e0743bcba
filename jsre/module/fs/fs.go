// Package fs is the module fs: files, as JSRE has them and as Node.js 20 does. The names that end in
// Sync, those of fs.promises and those with a callback at the end are of Node.js; without a callback
// the plain names are of JSRE where it has them. Paths are relative to the script runtime's directory.
package fs

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/events"
	"dunlin/jsre/nodeerr"
)

// Module is require('fs'); require('fs/promises') is another.
func Module() engine.Module {
	return engine.Module{Name: "fs", Load: load}
}

// PromisesModule is require('fs/promises').
func PromisesModule() engine.Module {
	return engine.Module{Name: "fs/promises", Load: func(vm *engine.VM) goja.Value {
		fs, _ := vm.Require("fs")
		return fs.ToObject(vm.Runtime()).Get("promises")
	}}
}

// files is the module of one runtime.
type files struct {
	vm      *engine.VM
	rt      *goja.Runtime
	open    map[int]*handle // by the number that the script knows
	next    int
	classes *classes
}

// operation is what Node.js calls by one name in several forms. It throws what is wrong with its
// arguments, and returns what the system says.
type operation func(call) (any, *systemError)

func load(vm *engine.VM) goja.Value {
	f := &files{vm: vm, rt: vm.Runtime(), open: map[int]*handle{}, next: 3}
	f.classes = f.newClasses()
	vm.OnClose(f.closeAll)
	o := vm.NewObject()
	promises := vm.NewObject()
	ours := f.ofJSRE()
	for name, op := range f.operations() {
		vm.Export(o, name+"Sync", func(c goja.FunctionCall) goja.Value { return f.now(op, f.call(c)) })
		plain := ours[name]
		delete(ours, name)
		vm.Export(o, name, func(c goja.FunctionCall) goja.Value {
			a := f.call(c)
			if plain != nil && !f.hasCallback(name, a) {
				return f.value(plain(a))
			}
			return f.later(name, op, a)
		})
		if !ofDescriptors[name] {
			vm.Export(promises, name, func(c goja.FunctionCall) goja.Value { return f.promise(name, op, f.call(c)) })
		}
	}
	for name, plain := range ours {
		vm.Export(o, name, func(c goja.FunctionCall) goja.Value { return f.value(plain(f.call(c))) })
	}
	f.exists(o)
	constants := f.constants(o)
	_ = promises.Set("constants", constants)
	_ = o.Set("promises", promises)
	_ = o.Set("Stats", f.classes.stats)
	_ = o.Set("Dirent", f.classes.dirent)
	_ = o.Set("File", f.fileClass())
	return o
}

// ofDescriptors are the operations on what open gives, which fs.promises has not.
var ofDescriptors = map[string]bool{
	"open": true, "close": true, "read": true, "write": true, "readv": true, "writev": true, "fstat": true, "fsync": true, "fdatasync": true,
	"ftruncate": true, "futimes": true, "fchmod": true, "fchown": true,
}

func (f *files) operations() map[string]operation {
	return map[string]operation{
		"readFile": f.readFile, "writeFile": f.writeFile, "appendFile": f.appendFile, "truncate": f.truncate, "copyFile": f.copyFile,
		"stat": f.stat, "lstat": f.lstat, "access": f.access, "chmod": f.chmod, "chown": f.chown, "lchown": f.lchown, "utimes": f.utimes,
		"mkdir": f.mkdir, "mkdtemp": f.mkdtemp, "readdir": f.readdir, "rmdir": f.rmdir, "rm": f.rm, "unlink": f.unlink, "rename": f.rename, "cp": f.cp,
		"link": f.link, "symlink": f.symlink, "readlink": f.readlink, "realpath": f.realpath,
		"open": f.openDescriptor, "close": f.closeDescriptor, "read": f.read, "write": f.write, "readv": f.readv, "writev": f.writev, "fstat": f.fstat,
		"fsync": f.fsync, "fdatasync": f.fsync, "ftruncate": f.ftruncate, "futimes": f.futimes, "fchmod": f.fchmod, "fchown": f.fchown,
	}
}

// hasCallback reports whether a call is one of Node.js, with a callback at its end. readdir of JSRE has a function in
// the second place, which is called with one entry alone unless more arguments follow: one that names a second
// parameter can only be the callback of Node.js.
func (f *files) hasCallback(name string, a call) bool {
	if len(a.list) == 0 {
		return false
	}
	last := a.list[len(a.list)-1]
	if _, ok := goja.AssertFunction(last); !ok {
		return false
	}
	if name != "readdir" || len(a.list) != 2 {
		return true
	}
	n := last.ToObject(f.rt).Get("length")
	return n != nil && n.ToInteger() >= 2
}

// withSignal are the operations that take a signal among their options, which are their last argument.
var withSignal = map[string]bool{"readFile": true, "writeFile": true, "appendFile": true}

// aborted is the error of an operation whose signal has fired before it began, nil when it may begin.
func (f *files) aborted(name string, a call) *goja.Object {
	if !withSignal[name] || len(a.list) == 0 {
		return nil
	}
	options, ok := a.list[len(a.list)-1].(*goja.Object)
	if !ok {
		return nil
	}
	v := f.vm.Field(options, "signal")
	if goja.IsUndefined(v) {
		return nil
	}
	signal := events.SignalOf(f.vm, v)
	if signal == nil {
		nodeerr.ArgType(f.vm, "options.signal", "an instance of AbortSignal", v)
	}
	if !signal.Aborted() {
		return nil
	}
	return events.AbortError(f.vm, signal)
}

// value is a result as the script gets it.
func (f *files) value(v any) goja.Value {
	if v == nil {
		return goja.Undefined()
	}
	return f.rt.ToValue(v)
}

// now does an operation and throws what the system says against it.
func (f *files) now(op operation, a call) goja.Value {
	v, err := op(a)
	if err != nil {
		panic(f.error(err))
	}
	return f.value(v)
}

// attempt does an operation; what access refuses comes back like an error of the system, all else
// that is thrown goes on.
func (f *files) attempt(op operation, a call) (v goja.Value, failure *goja.Object) {
	ex := f.rt.Try(func() {
		result, err := op(a)
		if err != nil {
			failure = f.error(err)
			return
		}
		v = f.value(result)
	})
	if ex == nil {
		return v, failure
	}
	if obj, ok := ex.Value().(*goja.Object); ok {
		if code := obj.Get("code"); code != nil && code.String() == "EACCES" {
			return nil, obj
		}
	}
	panic(ex.Value())
}

// later does an operation and tells a callback, which is the last argument, from the loop.
func (f *files) later(name string, op operation, a call) goja.Value {
	last := a.value(len(a.list) - 1)
	callback := nodeerr.Func(f.vm, "cb", last)
	a.list = a.list[:len(a.list)-1]
	var v goja.Value
	failure := f.aborted(name, a)
	if failure == nil {
		v, failure = f.attempt(op, a)
	}
	complete := f.vm.Loop().Reserve()
	complete(func() {
		switch {
		case failure != nil:
			callback.Call(goja.Undefined(), failure)
		case v == nil || goja.IsUndefined(v):
			callback.Call(goja.Undefined(), goja.Null())
		default:
			results := []goja.Value{goja.Null(), v}
			if withBuffer[name] {
				results = append(results, a.value(1))
			}
			callback.Call(goja.Undefined(), results...)
		}
	})
	return goja.Undefined()
}

// withBuffer are the operations whose callback gets what was read into or written, too.
var withBuffer = map[string]bool{"read": true, "write": true, "readv": true, "writev": true}

// promise does an operation and gives a promise of what comes of it.
func (f *files) promise(name string, op operation, a call) goja.Value {
	p, resolve, reject := f.rt.NewPromise()
	var v any
	var err *systemError
	var aborted *goja.Object
	ex := f.rt.Try(func() {
		if aborted = f.aborted(name, a); aborted == nil {
			v, err = op(a)
		}
	})
	switch {
	case aborted != nil:
		_ = reject(aborted)
	case ex != nil:
		_ = reject(ex.Value())
	case err != nil:
		_ = reject(f.error(err))
	default:
		_ = resolve(f.value(v))
	}
	return f.rt.ToValue(p)
}
