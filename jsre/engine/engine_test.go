package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dop251/goja"
	"go.uber.org/goleak"

	"dunlin/jsre/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script runs a script in a VM with the module `host` and a native log, and gives the log.
func script(t testing.TB, src string, setup func(vm *engine.VM)) (string, error) {
	t.Helper()
	var lines []string
	vm, err := engine.New(engine.Options{Modules: []engine.Module{{Name: "host", Setup: func(vm *engine.VM) error {
		vm.SetGlobal("log", vm.NewFunction("log", func(c goja.FunctionCall) goja.Value {
			lines = append(lines, c.Argument(0).String())
			return goja.Undefined()
		}))
		if setup != nil {
			setup(vm)
		}
		return nil
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = vm.Run(ctx, func() error { return vm.RunString("/t.js", "t.js", src) })
	return strings.Join(lines, " "), err
}

func native(vm *engine.VM, name string, f func(engine.Args) goja.Value) {
	vm.SetGlobal(name, vm.NewFunction(name, func(c goja.FunctionCall) goja.Value { return f(vm.Args(name, c.Arguments)) }))
}

// TestPromiseJobsArrive checks the assumption behind the loop: goja's jobs are in the field that is
// taken out by its offset. A promise inside a nested native call can only go on if that is so.
func TestPromiseJobsArrive(t *testing.T) {
	got, err := script(t, `(async () => { await null; log('job'); })(); serve(); log('after');`, func(vm *engine.VM) {
		native(vm, "serve", func(engine.Args) goja.Value { vm.Loop().Poll(0); return nil })
	})
	if got != "job after" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestReserve checks that an operation keeps the script alive and calls back once.
func TestReserve(t *testing.T) {
	got, err := script(t, `later(5, v => log('got ' + v)); log('main');`, func(vm *engine.VM) {
		native(vm, "later", func(a engine.Args) goja.Value {
			value, callback := a.Value(0), a.Func(1, "callback")
			complete := vm.Loop().Reserve()
			vm.Go(func(context.Context) {
				for range 3 {
					complete(func() { callback.Call(goja.Undefined(), value) })
				}
			})
			return goja.Undefined()
		})
	})
	if got != "main got 5" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestRef checks that a reference keeps the script alive until it is released, wherever.
func TestRef(t *testing.T) {
	var release func()
	got, err := script(t, `hold(); setTimeoutLike(); log('main');`, func(vm *engine.VM) {
		native(vm, "hold", func(engine.Args) goja.Value { release = vm.Loop().Ref(); return nil })
		native(vm, "setTimeoutLike", func(engine.Args) goja.Value {
			vm.Loop().NewTimer(time.Millisecond, false, func() {
				vm.Go(func(context.Context) { release(); release() })
			}).Unref()
			return nil
		})
	})
	if got != "main" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestPostOrder checks that jobs of one goroutine run in order and none is lost.
func TestPostOrder(t *testing.T) {
	const producers, each = 4, 2000
	next := make([]int, producers)
	_, err := script(t, `start();`, func(vm *engine.VM) {
		native(vm, "start", func(engine.Args) goja.Value {
			var wg sync.WaitGroup
			release := vm.Loop().Ref()
			for p := range producers {
				wg.Add(1)
				vm.Go(func(context.Context) {
					defer wg.Done()
					for i := range each {
						vm.Loop().Post(func() {
							if next[p] != i {
								t.Errorf("producer %d: job %d came when %d was due", p, i, next[p])
							}
							next[p] = i + 1
						})
					}
				})
			}
			vm.Go(func(context.Context) { wg.Wait(); release() })
			return nil
		})
	})
	if err != nil || fmt.Sprint(next) != "[2000 2000 2000 2000]" {
		t.Errorf("%v, %v", next, err)
	}
}

// TestPostAfterEnd checks that what comes too late is refused.
func TestPostAfterEnd(t *testing.T) {
	var vm *engine.VM
	if _, err := script(t, ``, func(v *engine.VM) { vm = v }); err != nil {
		t.Fatal(err)
	}
	if vm.Loop().Post(func() { t.Error("ran") }) {
		t.Error("Post reported success after the end")
	}
	if vm.Loop().Reserve()(func() { t.Error("ran") }) {
		t.Error("a completion reported success after the end")
	}
	vm.Loop().NewSource(func(int) bool { t.Error("drained"); return false }).Wake()
}

// feed is a bounded queue outside of the loop, as a client has one.
type feed struct {
	items   chan int
	source  *engine.Source
	emitter *engine.Emitter
	drains  atomic.Int64
	ended   bool
}

func (f *feed) drain(vm *engine.VM, most int) bool {
	f.drains.Add(1)
	for range most {
		select {
		case v, ok := <-f.items:
			if !ok {
				f.end()
				return false
			}
			f.emitter.Dispatch("item", vm.Runtime().ToValue(v))
		default:
			return false
		}
		if vm.Loop().Stopped() {
			return false
		}
	}
	return true
}

// end tells the script once: a closed channel may be drained again.
func (f *feed) end() {
	if !f.ended {
		f.ended = true
		f.emitter.Dispatch("end")
	}
}

// newFeed makes the global `feed`, an emitter that gets count items through a queue of 64.
func newFeed(vm *engine.VM, count int) *feed {
	f := &feed{items: make(chan int, 64)}
	obj := vm.NewObject()
	_ = obj.SetPrototype(vm.EmitterPrototype())
	f.emitter = vm.NewEmitter(obj)
	f.source = vm.Loop().NewSource(func(most int) bool { return f.drain(vm, most) })
	vm.SetGlobal("feed", obj)
	native(vm, "start", func(engine.Args) goja.Value {
		release := vm.Loop().Ref()
		vm.Go(func(ctx context.Context) {
			defer release()
			for i := range count {
				select {
				case f.items <- i:
					f.source.Wake()
				case <-ctx.Done():
					return
				}
			}
			close(f.items)
			f.source.Wake()
		})
		return nil
	})
	return f
}

// TestSource checks that a source delivers everything in order, in batches, while promises and
// ticks go on between two items, and while a listener polls.
func TestSource(t *testing.T) {
	const count = 5000
	for name, listener := range map[string]string{
		"plain":   `v => { if (v !== next) throw new Error('item ' + v); next++; }`,
		"async":   `async v => { await null; if (v !== next) throw new Error('item ' + v); next++; }`,
		"polling": `v => { if (v !== next) throw new Error('item ' + v); next++; if (v % 1000 === 0) poll(); }`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := script(t, `let next = 0; feed.on('item', `+listener+`); feed.on('end', () => log('end ' + next)); start();`, func(vm *engine.VM) {
				newFeed(vm, count)
				native(vm, "poll", func(engine.Args) goja.Value { vm.Loop().Poll(0); return nil })
			})
			if got != fmt.Sprint("end ", count) || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// TestSourceBatches checks that one wake-up drains a long queue to its end, batch by batch, and
// that timers and jobs have their turn between the batches.
func TestSourceBatches(t *testing.T) {
	const count = 1000
	at := []int{}
	_, err := script(t, `start(); soon();`, func(vm *engine.VM) {
		left := count
		source := vm.Loop().NewSource(func(most int) bool {
			n := min(most, left)
			left -= n
			return left > 0
		})
		native(vm, "start", func(engine.Args) goja.Value { source.Wake(); source.Wake(); return nil })
		native(vm, "soon", func(engine.Args) goja.Value {
			var again func()
			again = func() {
				at = append(at, left)
				if left > 0 && len(at) < 10 {
					vm.Loop().SetImmediate(again)
				}
			}
			vm.Loop().SetImmediate(again)
			return nil
		})
	})
	if fmt.Sprint(at) != "[744 488 232 0]" || err != nil {
		t.Errorf("left after each turn: %v, %v", at, err)
	}
}

// TestSourceStops checks that a producer that waits for a slow script ends with the script.
func TestSourceStops(t *testing.T) {
	var exit *engine.ExitError
	_, err := script(t, `feed.on('item', v => { if (v === 100) quit(); }); start();`, func(vm *engine.VM) {
		newFeed(vm, 1<<30)
		native(vm, "quit", func(engine.Args) goja.Value { vm.Exit(3); return nil })
	})
	if !errors.As(err, &exit) || exit.Code != 3 {
		t.Errorf("got %v", err)
	}
}

// TestHostPanic checks that a fault of a native does not take the host down and shows no Go stack.
func TestHostPanic(t *testing.T) {
	for name, body := range map[string]string{"main": `boom();`, "job": `setImmediateLike(() => boom());`, "caught": `try { boom(); } catch (e) { log('caught'); }`} {
		got, err := script(t, body, func(vm *engine.VM) {
			native(vm, "boom", func(engine.Args) goja.Value {
				none := make([]int, 0)
				return vm.Runtime().ToValue(none[len(name)])
			})
			native(vm, "setImmediateLike", func(a engine.Args) goja.Value {
				f := a.Func(0, "f")
				vm.Loop().SetImmediate(func() { f.Call(nil) })
				return nil
			})
		})
		var se *engine.ScriptError
		if !errors.As(err, &se) || !strings.Contains(se.Message, "index out of range") || strings.Contains(se.Report(), ".go:") || got != "" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// TestArgs checks the errors of the argument checks.
func TestArgs(t *testing.T) {
	got, err := script(t, `
		const t = (f, ...a) => { try { log(String(f(...a))); } catch (e) { log(e.name + ':' + e.message + ';'); } };
		t(str, 5); t(str); t(num, '1'); t(num, 1.5); t(num, 11); t(num, 10); t(bool, 1); t(bool, false); t(fn, {}); t(obj, () => {}); t(obj, null); t(bytes, {}); t(bytes, 'é'); t(bytes, new ArrayBuffer(2)); t(bytes, new Uint16Array(2)); t(bytes, new DataView(new ArrayBuffer(9), 1, 3));
		t(bytes, Symbol('x')); t(num, 1n); t(num, NaN); t(str, []); t(str, new Map());`, func(vm *engine.VM) {
		rt := vm.Runtime()
		native(vm, "str", func(a engine.Args) goja.Value { return rt.ToValue(a.String(0, "topic")) })
		native(vm, "num", func(a engine.Args) goja.Value { return rt.ToValue(a.Int(0, "n", -1, 10)) })
		native(vm, "bool", func(a engine.Args) goja.Value { return rt.ToValue(a.Bool(0, "flag")) })
		native(vm, "fn", func(a engine.Args) goja.Value { return a.Func(0, "callback").Value() })
		native(vm, "obj", func(a engine.Args) goja.Value { return a.Object(0, "options") })
		native(vm, "bytes", func(a engine.Args) goja.Value { return rt.ToValue(len(a.Bytes(0, "message"))) })
	})
	want := "TypeError:str: topic must be a string, got number; TypeError:str: topic must be a string, got undefined; TypeError:num: n must be a number, got string; RangeError:num: n must be a whole number, got 1.5; " +
		"RangeError:num: n must be from -1 to 10, got 11; 10 TypeError:bool: flag must be a boolean, got number; false TypeError:fn: callback must be a function, got object; TypeError:obj: options must be an object, got function; TypeError:obj: options must be an object, got null; " +
		"TypeError:bytes: message must be a string, Buffer, typed array or ArrayBuffer, got object; 2 2 4 3 TypeError:bytes: message must be a string, Buffer, typed array or ArrayBuffer, got symbol; TypeError:num: n must be a number, got bigint; RangeError:num: n must be a whole number, got NaN; " +
		"TypeError:str: topic must be a string, got Array; TypeError:str: topic must be a string, got object;"
	if got != want || err != nil {
		t.Errorf("got %v:\n%s\nwant:\n%s", err, got, want)
	}
}

// TestModules checks registration: aliases, replacing, a Setup that fails.
func TestModules(t *testing.T) {
	loads := 0
	mod := func(name, value string) engine.Module {
		return engine.Module{Name: name, Aliases: []string{"alias-" + name}, Load: func(vm *engine.VM) goja.Value {
			loads++
			return vm.NewObject("v", value)
		}}
	}
	var out string
	vm, err := engine.New(engine.Options{Modules: []engine.Module{mod("a", "old"), mod("b", "b"), mod("a", "new"), {Name: "out", Setup: func(vm *engine.VM) error {
		native(vm, "log", func(a engine.Args) goja.Value { out += a.String(0, "s") + " "; return nil })
		return nil
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	err = vm.Run(context.Background(), func() error {
		return vm.RunString("/t.js", "t.js", `log(require('a').v); log(require('alias-a').v); log(require('edgeros:b').v); log(String(require('a') === require('node:a'))); try { require('out'); } catch (e) { log(e.message); }`)
	})
	if want := "new new b true Cannot find module 'out' (required by t.js): there are a, b; a file's name begins with './' "; out != want || err != nil || loads != 2 {
		t.Errorf("got %q, %v, %d loads", out, err, loads)
	}
	if _, err := engine.New(engine.Options{Modules: []engine.Module{{Name: "bad", Setup: func(*engine.VM) error { return errors.New("no luck") }}}}); err == nil || !strings.Contains(err.Error(), "module bad: no luck") {
		t.Errorf("got %v", err)
	}
}

// TestStopWhileLoading checks that a stop while a text becomes a function is no error of the text.
func TestStopWhileLoading(t *testing.T) {
	vm, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err = vm.Run(ctx, func() error {
		cancel()
		<-vm.Context().Done()
		return vm.RunString("/t.js", "t.js", "for (;;) {}")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestStopBeforeRun checks that a script whose context is done already ends at once.
func TestStopBeforeRun(t *testing.T) {
	vm, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err = vm.Run(ctx, func() error { return vm.RunString("/t.js", "t.js", "for (;;) {}") })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
