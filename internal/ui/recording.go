package ui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"dunlin/internal/recording"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

const (
	// mostUnwritten is how much of a recording waits for the disk. A disk that is slower ends the recording, for no broker is to wait
	// for it.
	mostUnwritten = 64 << 20
	// writeEvery is how often a recording is written.
	writeEvery = 100 * time.Millisecond
)

// errNoFolder says how there can be recordings.
var errNoFolder = errors.New("there is no folder for recordings; start dunlin ui with --folder DIR")

// recorder writes the messages of a connection to a file.
type recorder struct {
	name string
	w    *recording.Writer
	stop chan struct{} // closed by who ends it
	over chan struct{} // closed when the file is closed
	end  sync.Once

	mu    sync.Mutex
	lines []byte // not yet written
	err   error  // why the recording is not complete; may be read without the lock when it is over
}

// record begins to write what a connection receives to a new file of the folder.
func (v *viewer) record(ask *protocol.Only) (any, error) {
	c, err := v.hub.connection(ask.Connection)
	if err != nil {
		return nil, err
	}
	switch {
	case v.hub.o.Folder == "":
		return nil, errNoFolder
	case c.kind == kindRecording:
		return nil, fmt.Errorf("%s is a recording already", c.name)
	case c.hasEnded():
		return nil, fmt.Errorf("the connection to %s has ended; connect again", c.name)
	}
	c.adding.Lock()
	defer c.adding.Unlock()
	if c.writing != nil {
		return nil, fmt.Errorf("%s is recorded already, in %s", c.name, c.writing.name)
	}
	name := fileName(c.name, time.Now())
	path := filepath.Join(v.hub.o.Folder, name)
	w, err := recording.Create(path)
	if err != nil {
		return nil, fmt.Errorf("nothing is recorded, for no file can be made in the folder: %w; name one with --folder that may be written to", err)
	}
	r := &recorder{name: name, w: w, stop: make(chan struct{}), over: make(chan struct{})}
	if !v.hub.spawn(func() { c.write(r) }) {
		_ = errors.Join(w.Close(), os.Remove(path)) // nothing is in it
		return nil, errStopped
	}
	c.writing = r
	c.recorded(name)
	shown := c.shown(time.Now())
	return &shown, nil
}

// hasEnded tells whether nothing more comes.
func (c *connection) hasEnded() bool {
	select {
	case <-c.over:
		return true
	default:
		return false
	}
}

// fileName is a name for a recording that every system allows.
func fileName(connection string, now time.Time) string {
	if _, host, ok := strings.Cut(connection, "://"); ok {
		connection = host
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(connection))
	if len(name) > 60 {
		name = name[:60]
	}
	return strings.Trim(name, "-.") + "-" + now.UTC().Format("20060102T150405.000Z") + ".ndjson.gz"
}

// recorded notes which file a connection is recorded in.
func (c *connection) recorded(name string) {
	c.mu.Lock()
	c.file = name
	c.mu.Unlock()
	c.hub.changed()
}

// take takes a message. It does not wait for the disk.
func (r *recorder) take(m *mqtt.Received, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	lines, err := recording.Append(r.lines, m, at)
	if err == nil && len(lines) > mostUnwritten {
		err = fmt.Errorf("the disk is too slow: %d MiB waited for it", mostUnwritten>>20)
	}
	if err != nil {
		r.err = err
		r.finish()
		return
	}
	r.lines = lines
}

func (r *recorder) finish() { r.end.Do(func() { close(r.stop) }) }

// write writes what a recorder takes until it is ended, or the connection is, or the server: then at once, for that waits a second
// for all there is.
func (c *connection) write(r *recorder) {
	defer close(r.over)
	ticker := time.NewTicker(writeEvery)
	defer ticker.Stop()
	var spare []byte
	for going := true; going; {
		select {
		case <-ticker.C:
		case <-r.stop:
			going = false
		case <-c.over: // whatever came is there
			going = false
		case <-c.hub.ctx.Done():
			going = false
		}
		if !going {
			c.adding.Lock()
			c.writing = nil
			c.adding.Unlock()
		}
		r.mu.Lock()
		lines := r.lines
		r.lines = spare[:0]
		r.mu.Unlock()
		if _, err := r.w.Write(lines); err != nil {
			r.fail(err)
		}
		spare = lines
	}
	if err := r.w.Close(); err != nil {
		r.fail(err)
	}
	c.recorded("")
	if r.err != nil {
		c.fault(fmt.Errorf("the recording %s is not complete: %w", r.name, r.err))
	}
}

// fail ends a recording that cannot go on. The first reason counts.
func (r *recorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = cmp.Or(r.err, err)
	r.finish()
}

// stopRecording ends a recording: its file is whole when the page has the answer.
func (v *viewer) stopRecording(ask *protocol.Only) (any, error) {
	c, err := v.hub.connection(ask.Connection)
	if err != nil {
		return nil, err
	}
	c.adding.Lock()
	r := c.writing
	c.adding.Unlock()
	if r == nil {
		return nil, fmt.Errorf("%s is not recorded", c.name)
	}
	r.finish()
	select {
	case <-r.over:
	case <-v.ctx.Done():
		return nil, context.Cause(v.ctx)
	}
	if r.err != nil {
		return nil, r.err
	}
	shown := c.shown(time.Now())
	return &shown, nil
}

// isRecording tells the files of the folder that can be opened, by their names.
func isRecording(name string) bool {
	name = strings.TrimSuffix(name, ".gz")
	return slices.Contains([]string{".ndjson", ".jsonl", ".json"}, filepath.Ext(name))
}

// files returns the recordings of the folder, the latest first.
func (v *viewer) files(*protocol.Only) (any, error) {
	list := []protocol.File{}
	if v.hub.o.Folder == "" {
		return list, nil
	}
	entries, err := os.ReadDir(v.hub.o.Folder)
	if err != nil {
		return nil, unreadable(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !isRecording(e.Name()) {
			continue // gone meanwhile, or none
		}
		list = append(list, protocol.File{Name: e.Name(), Size: info.Size(), Time: info.ModTime().UnixMilli()})
	}
	slices.SortFunc(list, func(a, b protocol.File) int { return cmp.Compare(b.Time, a.Time) })
	return list, nil
}

// openFile opens a recording of the folder. What is elsewhere cannot be named.
func (h *hub) openFile(name string) (*os.File, error) {
	if h.o.Folder == "" {
		return nil, errNoFolder
	}
	root, err := os.OpenRoot(h.o.Folder)
	if err != nil {
		return nil, unreadable(err)
	}
	defer func() { _ = root.Close() }() // it was only read
	info, err := root.Stat(name)        // first: to open a pipe would wait for who writes to it
	if err != nil {
		return nil, unopened(name, err)
	}
	if !info.Mode().IsRegular() || !isRecording(name) {
		return nil, fmt.Errorf("%q is no recording: no file that ends with .ndjson, .jsonl or .json, perhaps with .gz", name)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, unopened(name, err)
	}
	return f, nil
}

// unreadable says that there is no looking into the folder.
func unreadable(err error) error {
	return fmt.Errorf("the folder of recordings cannot be read: %w; name one with --folder that may be", err)
}

// unopened says which recording cannot be opened. How it was tried is nothing to people.
func unopened(name string, err error) error {
	var tried *os.PathError
	if errors.As(err, &tried) {
		err = tried.Err
	}
	return fmt.Errorf("the recording %q cannot be opened: %w; choose one of the folder", name, err)
}
