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
// # Values of a native call
//
// goja hands a native function its arguments as a view of the VM's stack. Copy the slice before
// keeping it beyond the call; single values may be kept.
//
// # Exceptions
//
// Inside a native function a script exception is a Go panic with a JavaScript value: throw with
// [VM.Throw] and friends, and let what a called script function panics pass through. Outside, on
// the loop, every entry into the script goes through [Loop.Run], which turns exceptions, stack
// overflows and host panics into uncaught exceptions and serves ticks and promise jobs afterwards.
package engine
