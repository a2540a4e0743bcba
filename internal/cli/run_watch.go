package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dunlin/jsre"
)

// watchInterval is how often the files of a script are looked at. Looking costs a few microseconds a
// file, and works on every file system.
const watchInterval = 200 * time.Millisecond

// errChanged is the cause of a context that a change of a file ended.
var errChanged = errors.New("a file of the script changed")

// runAgain runs the script, and again each time when one of its files changes, until ctx ends.
func (s *script) runAgain(ctx context.Context, a *app, text scriptText, options jsre.Options) error {
	for {
		files := &scriptFiles{seen: map[string]fileState{}}
		if text.file != "" { // which may be missing, and come
			if abs, err := filepath.Abs(text.file); err == nil {
				files.add(abs)
			}
		}
		options.Opened = files.add
		running, stop := context.WithCancelCause(ctx)
		changed := make(chan string, 1)
		go func() {
			if file := files.wait(running); file != "" {
				changed <- file
				stop(errChanged)
			}
		}()
		err := s.execute(running, text, options)
		switch {
		case errors.Is(err, errStuck):
			stop(nil)
			return err
		case ctx.Err() != nil: // also of a script that ended by itself in that moment: it would have started again
			stop(nil)
			return cmp.Or(err, context.Cause(ctx))
		case !errors.Is(err, errChanged):
			a.tellEnd(err)
		}
		select {
		case file := <-changed:
			a.note("run: %s changed; starting again", shortPath(file))
		case <-ctx.Done():
			stop(nil)
			return context.Cause(ctx)
		}
		stop(nil)
	}
}

// tellEnd says how a script ended that will start again.
func (a *app) tellEnd(err error) {
	if f := classify(err); f != nil && f.report != "" {
		_, _ = a.Stderr.Write([]byte(a.masked(f.report)))
	} else if err != nil {
		a.note("run: %v", err)
	}
	a.note("run: the script has ended; it starts again when one of its files changes")
}

// shortPath shows a file as a path from here, where it is below.
func shortPath(path string) string {
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// fileState tells two states of a file apart.
type fileState struct {
	modified time.Time
	size     int64
	missing  bool
}

func stateOf(path string) fileState {
	st, err := os.Stat(path)
	if err != nil {
		return fileState{missing: errors.Is(err, fs.ErrNotExist)}
	}
	return fileState{modified: st.ModTime(), size: st.Size()}
}

// scriptFiles are the files that a script is made of, as they were when they were read.
type scriptFiles struct {
	mu   sync.Mutex
	seen map[string]fileState // guarded by mu
}

func (w *scriptFiles) add(path string) {
	v := stateOf(path)
	w.mu.Lock()
	w.seen[path] = v
	w.mu.Unlock()
}

// changed returns a file that is not as it was; "": there is none.
func (w *scriptFiles) changed() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for path, v := range w.seen {
		// An editor that replaces a file leaves a moment without one.
		if now := stateOf(path); now != v && !now.missing {
			return path
		}
	}
	return ""
}

// wait returns the first file that changes, once it does not change any more; "" when ctx ends first.
func (w *scriptFiles) wait(ctx context.Context) string {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	before := fileState{}
	for file := ""; ; {
		select {
		case <-ctx.Done():
			return ""
		case <-tick.C:
		}
		if file == "" {
			if file = w.changed(); file == "" {
				continue
			}
		}
		now := stateOf(file)
		if now == before {
			return file
		}
		before = now
	}
}
