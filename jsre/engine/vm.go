package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

// maxCallDepth bounds the depth of script calls. Unwinding a stack in which a native function sits
// between any two script functions takes time that grows with the square of its depth: about a
// second here, which is how long a runaway script may resist being stopped.
const maxCallDepth = 4000

// Options say what a VM is made of. The zero value is usable.
type Options struct {
	Args   []string       // process.argv from index 2 on; nil: none
	Env    []string       // "NAME=value" pairs; nil: the host's environment
	Stdin  io.Reader      // read when the script first asks for input; nil: there is none
	Stdout io.Writer      // nil: discard
	Stderr io.Writer      // nil: discard
	Color  bool           // the console may colour what it inspects
	Dir    string         // directory relative paths start from; empty: the host's working directory
	Host   map[string]any // settings for native modules, by name; read with [VM.Host]
	Access Access         // what the script may reach; the zero value grants everything
	// Lower makes texts that goja runs of those that it does not; nil: they are errors. It returns a
	// [*TextError] for a text that has one.
	Lower func(Script) (*Lowered, error)
	// Opened is told the absolute path of each file that the script is made of, on the goroutine of
	// [VM.Run]; nil: nobody is.
	Opened func(path string)
	// Missing tells why a module that scripts may expect is not there, empty for other names; nil: nothing is
	// told.
	Missing func(name string) string
	// Modules are the native modules of the VM. A later one replaces an earlier one of the same
	// name.
	Modules []Module
}

// VM is one JavaScript runtime with its event loop. Make it with [New], run it once with [VM.Run].
type VM struct {
	opts     Options
	rt       *goja.Runtime
	loop     *Loop
	overflow *overflow
	modules  *registry
	session  *Session // nil: a script runs, and no person types
	tasks    *Emitter // listeners of Task and process events: exit, uncaughtException, unhandledRejection
	exit     int      // process.exitCode

	sources map[string]string                                  // text by displayed file name, for carets
	places  map[string]func(line, column int) (int, int, bool) // of lowered texts, by displayed file name
	slot    *goja.Symbol                                       // key of the hidden slot, see SetSlot
	emits   *goja.Symbol                                       // key of the hidden Emitter
	enter   goja.Callable                                      // runs a native function inside a script call, see Run
	buffer  bufferClass
	parts   parts

	instructions *instructions
	appender     *appender
	errors       *errorMaker
	bigInt       unsafe.Pointer // how goja marks a BigInt

	functions     functionKinds
	functionProto *goja.Object // Function.prototype as it was made

	objectProto *goja.Object // Object.prototype as it was made
	hasOwn      *Func        // Object.prototype.hasOwnProperty as it was made
	parseJSON   *Func        // JSON.parse as it was made
	originals   map[string]*goja.Object
	objectModel *goja.Object // a plain object
	texts       textKinds
	json        jsonKinds
	regexps     regexps
	emitter     *goja.Object // class EventEmitter
	emitProto   *goja.Object // EventEmitter.prototype
	monitor     *goja.Symbol // EventEmitter.errorMonitor
	captureAll  bool         // EventEmitter.captureRejections

	ctx    context.Context // done when the script is asked to stop, for whatever reason
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	phase    phase
	stop     error       // guarded by mu; why serving ends
	stopped  atomic.Bool // stop is set
	uncaught int         // exceptions and rejections that nobody has caught
	hooks    []func()
	onMain   []func(path string)
	shared   map[any]any
	tasked   sync.WaitGroup // goroutines started by Go
	ended    chan struct{}  // closed when Run has returned
}

type phase int

const (
	phaseNew phase = iota
	phaseRunning
	phaseClosing
	phaseClosed
)

// ErrClosed is why a script ends when its runtime is closed by the host.
var ErrClosed = errors.New("script runtime closed")

// errRan is returned by a second Run.
var errRan = errors.New("script runtime: a script has run already; make a new runtime for another one")

// New makes a VM with its globals and native modules. Nothing of a script has run yet.
// It fails when the JavaScript engine does not have the layout the event loop needs, or when a
// module's Setup fails.
func New(opts Options) (*VM, error) {
	if opts.Stdout == nil {
		opts.Stdout = io.Discard
	}
	if opts.Stderr == nil {
		opts.Stderr = io.Discard
	}
	if opts.Env == nil {
		opts.Env = os.Environ()
	}
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("script directory %q: %w", opts.Dir, err)
	}
	opts.Dir = dir
	rt := goja.New()
	rt.SetMaxCallStackSize(maxCallDepth)
	rt.SetParserOptions(parser.WithDisableSourceMaps)
	vm := &VM{opts: opts, rt: rt, sources: map[string]string{}, places: map[string]func(int, int) (int, int, bool){}, ended: make(chan struct{}), slot: goja.NewSymbol("native"), emits: goja.NewSymbol("emitter")}
	vm.ctx, vm.cancel = context.WithCancelCause(context.Background())
	vm.loop, err = newLoop(vm)
	if err != nil {
		return nil, err
	}
	vm.overflow, err = newOverflow(vm)
	if err != nil {
		return nil, err
	}
	if vm.instructions, err = theInstructions(); err != nil {
		return nil, err
	}
	vm.appender = newAppender(vm, vm.instructions)
	vm.modules = newRegistry(vm, opts.Modules)
	if ex := rt.Try(func() { err = vm.setup() }); ex != nil {
		err = ex
	}
	if err != nil {
		return nil, fmt.Errorf("set up the script runtime: %w", err)
	}
	return vm, nil
}

// setup makes the globals that the engine itself provides, then lets the modules add theirs.
func (vm *VM) setup() error {
	enter, err := vm.rt.RunScript(hostFile, "(function (f) { f() })")
	if err != nil {
		return err
	}
	vm.enter, _ = goja.AssertFunction(enter)
	if err := vm.initFunctions(); err != nil {
		return err
	}
	if err := vm.mendErrors(); err != nil {
		return err
	}
	vm.objectProto = vm.rt.NewObject().Prototype()
	vm.hasOwn, _ = vm.ToFunc(vm.objectProto.Get("hasOwnProperty"))
	vm.mendBuiltins()
	if vm.texts, err = findTextKinds(); err != nil {
		return err
	}
	vm.objectModel = vm.rt.NewObject()
	if err := vm.initJSON(); err != nil {
		return err
	}
	if err := vm.guardDeep(); err != nil {
		return err
	}
	vm.guardGenerators()
	vm.guardFlat()
	if err := vm.mendShift(); err != nil {
		return err
	}
	vm.setAsyncIterator()
	if err := vm.initAsyncHelpers(); err != nil {
		return err
	}
	vm.SetGlobal("global", vm.rt.GlobalObject())
	vm.initEmitterClass()
	if err := vm.initBufferClass(); err != nil {
		return err
	}
	vm.guardLazy()
	vm.tasks = vm.NewEmitter(vm.rt.NewObject())
	for _, m := range vm.modules.list {
		if m.Setup == nil {
			continue
		}
		if err := m.Setup(vm); err != nil {
			return fmt.Errorf("module %s: %w", m.Name, err)
		}
	}
	vm.buffer.text = vm.buffer.proto.Get("toString")
	vm.keepOriginals()
	return nil
}

// setAsyncIterator defines Symbol.asyncIterator, which goja lacks and lowered code needs.
func (vm *VM) setAsyncIterator() {
	const src = "Object.defineProperty(Symbol, 'asyncIterator', {value: Symbol.for('Symbol.asyncIterator')})"
	if _, err := vm.rt.RunScript(hostFile, src); err != nil {
		panic(err)
	}
}

// Runtime is the goja runtime. Loop goroutine only.
func (vm *VM) Runtime() *goja.Runtime { return vm.rt }

// Loop is the VM's event loop.
func (vm *VM) Loop() *Loop { return vm.loop }

// Tasks is the emitter behind Task.on and process.on: events exit, uncaughtException,
// unhandledRejection.
func (vm *VM) Tasks() *Emitter { return vm.tasks }

// Options are the options of New with their defaults filled in. The caller must not change them.
func (vm *VM) Options() Options { return vm.opts }

// Host is the setting called name from Options.Host, nil when there is none.
func (vm *VM) Host(name string) any { return vm.opts.Host[name] }

// Context is done as soon as the script is asked to stop: host cancellation, exit, an uncaught
// exception or the natural end. Natives that block must watch it, and call [VM.CheckStop] after it
// fired. Safe from any goroutine.
func (vm *VM) Context() context.Context { return vm.ctx }

// OnClose registers a hook that runs on the loop goroutine when serving has ended, in reverse order
// of registration. The context is done by then and posted jobs are dropped, so a hook must not wait
// for the loop. Loop goroutine only; a hook registered after that point never runs.
func (vm *VM) OnClose(hook func()) { vm.hooks = append(vm.hooks, hook) }

// Shared is the value that modules of this VM share under a key, made at the first call. Use a key
// of a type of your own, as with a context's values. Loop goroutine only.
func (vm *VM) Shared(key any, create func() any) any {
	v, ok := vm.shared[key]
	if !ok {
		v = create()
		if vm.shared == nil {
			vm.shared = map[any]any{}
		}
		vm.shared[key] = v
	}
	return v
}

// OnMain registers a function that runs just before the main script, with its absolute path. It is
// for Setup functions of modules.
func (vm *VM) OnMain(f func(path string)) { vm.onMain = append(vm.onMain, f) }

// Go runs f on a goroutine of its own, with the context of the VM. The end of the script waits for
// it after the close hooks, so f must return when the context is done. It is for the loop
// goroutine, close hooks included, and for goroutines started by it.
func (vm *VM) Go(f func(ctx context.Context)) {
	vm.tasked.Go(func() { f(vm.ctx) })
}

// SetGlobal defines a writable, not enumerable property of the global object. Loop goroutine only.
func (vm *VM) SetGlobal(name string, v any) {
	err := vm.rt.GlobalObject().DefineDataProperty(name, vm.rt.ToValue(v), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	if err != nil {
		panic(err)
	}
}

// LazyGlobal defines a global that is made when the script first asks for it: what few scripts use
// must not cost every runtime memory. Loop goroutine only.
func (vm *VM) LazyGlobal(name string, create func() goja.Value) {
	vm.lazyProperty(vm.rt.GlobalObject(), name, goja.FLAG_FALSE, create)
}

// LazyMember is LazyGlobal for an enumerable property of an object.
func (vm *VM) LazyMember(o *goja.Object, name string, create func() goja.Value) {
	vm.lazyProperty(o, name, goja.FLAG_TRUE, create)
}

func (vm *VM) lazyProperty(o *goja.Object, name string, enumerable goja.Flag, create func() goja.Value) {
	settle := func(v goja.Value) {
		_ = o.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, enumerable)
	}
	get := vm.NewFunction("get "+name, func(goja.FunctionCall) goja.Value {
		v := create()
		settle(v)
		return v
	})
	set := vm.NewFunction("set "+name, func(c goja.FunctionCall) goja.Value {
		settle(c.Argument(0))
		return goja.Undefined()
	})
	if err := o.DefineAccessorProperty(name, get, set, goja.FLAG_TRUE, enumerable); err != nil {
		panic(err)
	}
}

// ExitCode is process.exitCode: the status of a script that ends by itself.
func (vm *VM) ExitCode() int { return vm.exit }

// SetExitCode sets process.exitCode.
func (vm *VM) SetExitCode(code int) { vm.exit = code }
