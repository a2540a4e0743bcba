package engine

import (
	"fmt"
	"reflect"
	"unsafe"

	"dunlin/internal/fifo"

	"github.com/dop251/goja"
)

// jobQueue reaches goja's queue of promise jobs. goja serves it only when its call stack is empty;
// the loop must serve it at any depth, so it takes the jobs out itself. The field is not exported:
// its type is checked when a runtime is made, and a test checks that jobs do arrive in it.
type jobQueue struct {
	src  *[]func()
	mine fifo.Queue[func()] // taken out of src, not yet run
}

func newJobQueue(rt *goja.Runtime) (*jobQueue, error) {
	f, ok := reflect.TypeFor[goja.Runtime]().FieldByName("jobQueue")
	if !ok || f.Type != reflect.TypeFor[[]func()]() {
		return nil, fmt.Errorf("script engine: goja.Runtime has no field jobQueue of type []func(); pin the goja version this was written for")
	}
	return &jobQueue{src: (*[]func())(unsafe.Add(unsafe.Pointer(rt), f.Offset))}, nil
}

// empty reports whether no promise job waits.
func (q *jobQueue) empty() bool { return len(*q.src) == 0 && q.mine.Len() == 0 }

// push adds a job of our own behind those of goja.
func (q *jobQueue) push(job func()) { *q.src = append(*q.src, job) }

// pop takes the next job out. A nested loop goes on where the outer one stopped.
func (q *jobQueue) pop() (func(), bool) {
	if job, ok := q.mine.Pop(); ok {
		return job, true
	}
	for i, job := range *q.src {
		q.mine.Push(job)
		(*q.src)[i] = nil
	}
	*q.src = (*q.src)[:0]
	return q.mine.Pop()
}

// NextTick has f run before anything else that is queued, promise jobs included. Loop goroutine
// only.
func (l *Loop) NextTick(f func()) { l.ticks.Push(f) }

// Microtask has f run among the promise jobs (queueMicrotask). Loop goroutine only.
func (l *Loop) Microtask(f func()) { l.jobs.push(f) }

// checkpoint is the work after a callback: ticks, then promise jobs, until both are empty; then the
// rejections that nobody handled.
func (l *Loop) checkpoint() {
	for !l.vm.stopped.Load() {
		switch {
		case l.ticks.Len() > 0:
			l.runTicks()
		case !l.jobs.empty():
			l.runJobs()
		case l.rejected.any():
			l.reportRejections()
		default:
			return
		}
	}
}

func (l *Loop) runTicks() {
	for !l.vm.stopped.Load() {
		tick, ok := l.ticks.Pop()
		if !ok {
			return
		}
		l.guard(tick)
	}
}

func (l *Loop) runJobs() {
	for !l.vm.stopped.Load() {
		job, ok := l.jobs.pop()
		if !ok {
			return
		}
		l.guard(job)
	}
}
