package sparkplug

import "context"

// joined is a context that ends with either of two. What that costs it takes only where somebody waits for its end, which few
// messages do. It is for one goroutine.
type joined struct {
	context.Context
	also context.Context
	both context.Context // nil: nobody has waited
	stop func()
}

// Done makes the context that really ends with both.
func (j *joined) Done() <-chan struct{} {
	if j.both == nil {
		both, cancel := context.WithCancelCause(j.Context)
		unhook := context.AfterFunc(j.also, func() { cancel(context.Cause(j.also)) })
		j.both, j.stop = both, func() { unhook(); cancel(nil) }
	}
	return j.both.Done()
}

func (j *joined) Err() error {
	if err := j.Context.Err(); err != nil {
		return err
	}
	return j.also.Err()
}

// Value serves context.Cause, too, which asks for it by a key.
func (j *joined) Value(key any) any {
	if j.Context.Err() == nil && j.also.Err() != nil {
		return j.also.Value(key)
	}
	return j.Context.Value(key)
}

// release gives back what Done has taken.
func (j *joined) release() {
	if j.stop != nil {
		j.stop()
	}
}
