package repl

import (
	"bytes"
	"io"
	"sync"
)

// Keys of the line editor of golang.org/x/term.
const (
	ctrlC = 0x03
	toEnd = "\x05" // Ctrl-E
	erase = "\x15" // Ctrl-U: all before the cursor
	enter = "\r"
)

// maxAhead is how much may be typed, or pasted, while a text runs.
const maxAhead = 1 << 20

// keys passes on what is typed. It reads all the time, so that Ctrl-C is seen while a text runs.
type keys struct {
	mu        sync.Mutex
	come      sync.Cond
	waiting   []byte
	err       error
	interrupt func(times int) // nil: no text runs
	entered   bool            // a line was, and none is read: what it begins is about to run
	times     int             // of Ctrl-C since the line was entered
	cancelled bool            // the line that is read next was given up
}

func newKeys() *keys {
	k := &keys{}
	k.come.L = &k.mu
	return k
}

// pump reads to the end.
func (k *keys) pump(from io.Reader) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		for _, b := range buffer[:n] {
			k.typed(b)
		}
		if err != nil {
			k.mu.Lock()
			k.err = err
			k.come.Broadcast()
			k.mu.Unlock()
			return
		}
	}
}

func (k *keys) typed(b byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case b != ctrlC && len(k.waiting) < maxAhead:
		k.waiting = append(k.waiting, b)
	case b != ctrlC:
	case k.interrupt != nil || k.entered:
		k.waiting = nil // what was typed ahead counted on another end
		k.times++
		if k.interrupt != nil {
			k.interrupt(k.times)
		}
	default:
		k.waiting = append(k.waiting[:0], toEnd+erase+enter...)
		k.cancelled = true
	}
	k.come.Broadcast()
}

// Read gives what was typed.
func (k *keys) Read(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.waiting) == 0 {
		if k.err != nil {
			return 0, k.err
		}
		k.come.Wait()
	}
	n := copy(p, k.waiting)
	k.entered = k.entered || bytes.ContainsAny(p[:n], enter)
	k.waiting = append(k.waiting[:0], k.waiting[n:]...)
	return n, nil
}

// edit says that a line is read, or, with false, that it was entered.
func (k *keys) edit(begins bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entered = !begins
	if begins {
		k.times = 0
	}
}

// onInterrupt has f called when Ctrl-C is typed, or was since the line was entered, until stop. f must not wait.
func (k *keys) onInterrupt(f func(times int)) (stop func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.interrupt = f
	for i := range k.times {
		f(i + 1)
	}
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.interrupt = nil
	}
}

// wasCancelled reports, once, whether the line was given up.
func (k *keys) wasCancelled() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	was := k.cancelled
	k.cancelled = false
	return was
}
