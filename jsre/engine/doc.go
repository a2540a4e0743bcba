// Package engine is the script host's ground floor: one JavaScript VM, its event loop, the CommonJS
// module registry and the pieces native modules are made of (argument checks, errors, emitters,
// buffers, hidden slots).
//
// # Threads
//
// One goroutine, the one that called [VM.Run], owns the VM: the script, every native function and
// every hook run there. Only the functions documented as safe from any goroutine ([Loop.Post],
// [Loop.Reserve], [Loop.Ref], [Source.Wake], [VM.Stop], [VM.Context]) may be used elsewhere.
//
// # Writing a native module
//
// A [Module] has a name, a Setup that may define globals, and a Load that makes what require gives.
//
//   - Arguments: wrap them with [VM.Args]; its methods throw errors that name call and argument. Read
//     the fields of an options object with [VM.Field]. The slice of arguments is a view of the VM's
//     stack: copy it before keeping it beyond the call; single values may be kept.
//   - Objects: [VM.NewObject], [VM.Export], [VM.Method], [VM.Getter]; a class with [VM.NewClass]; what
//     belongs to an object on the Go side goes into its slot ([VM.SetSlot], [VM.Slot]).
//   - Events: give the object's prototype [VM.EmitterPrototype] as its own, and the object a
//     [VM.NewEmitter]; emit with [Emitter.Emit] inside a native call, [Emitter.Dispatch] elsewhere.
//   - An operation that ends later: complete := [Loop.Reserve]; work in [VM.Go]; complete(job).
//   - What the outside world sends: keep it in a bounded queue, [Source.Wake] after putting in, and
//     take it out in the source's drain. An open client holds a [Loop.Ref].
//   - A native that blocks selects on [VM.Context] and calls [VM.CheckStop] afterwards.
//   - [VM.OnClose] says good-bye to peers; it runs on the loop goroutine when serving has ended.
//
// # Exceptions
//
// Inside a native function a script exception is a Go panic with a JavaScript value: throw with
// [VM.Throw] and friends, and let what a called script function panics pass through; never recover
// it. Outside, on the loop, every entry into the script goes through [Loop.Run], which turns
// exceptions, stack overflows and host panics into uncaught exceptions and serves ticks and promise
// jobs afterwards. Jobs, timers and immediates are run that way by the loop itself.
package engine
