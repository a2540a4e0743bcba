// Package diskfault has a disk.FS in memory that can fail at any operation, and that remembers all
// of them, so that a power loss can be tried after each.
package diskfault

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"dunlin/mqtt/store/disk"
)

// Kind is the kind of an Op.
type Kind string

// The operations that change something, and Open, Read and List, which do not and are not
// remembered.
const (
	Create   Kind = "create"
	Write    Kind = "write"
	Truncate Kind = "truncate"
	Sync     Kind = "sync"
	Rename   Kind = "rename"
	Remove   Kind = "remove"
	SyncDir  Kind = "syncdir"
	Open     Kind = "open"
	Read     Kind = "read"
	List     Kind = "list"
)

// Op is one operation.
type Op struct {
	Kind   Kind
	Name   string // of the file when it was opened
	To     string // of Rename
	File   int    // numbers the files in the order in which they were made
	Offset int64  // of Write and Read
	Size   int64  // of Truncate
	Data   []byte // of Write
}

// String is short.
func (o Op) String() string {
	switch o.Kind {
	case Write:
		return fmt.Sprintf("write %s at %d, %d bytes", o.Name, o.Offset, len(o.Data))
	case Truncate:
		return fmt.Sprintf("truncate %s to %d", o.Name, o.Size)
	case Rename:
		return fmt.Sprintf("rename %s to %s", o.Name, o.To)
	}
	return string(o.Kind) + " " + o.Name
}

// Fault is how an operation fails.
type Fault struct {
	Err error
	// Written is how many bytes a Write gets to the file before it fails.
	Written int
	// Drop lets a Sync that fails forget what was written to the file since the last Sync, as
	// systems do.
	Drop bool
}

// FS is a directory in memory. All its methods may be called from any goroutine. Several stores may
// use it one after the other: Close leaves the files.
type FS struct {
	// Inject is asked before each operation; nil lets it happen. It is set before the first use and
	// must not call the FS.
	Inject func(Op) *Fault

	*shared
	dead bool // guarded by mu
}

// shared is what stays when a process ends.
type shared struct {
	mu     sync.Mutex
	files  map[string]*inode
	log    []Op
	made   int
	locked bool
}

type inode struct {
	id         int
	data, safe []byte
}

// New returns a directory with these files. They count as synced.
func New(files map[string][]byte) *FS {
	f := &FS{shared: &shared{files: map[string]*inode{}}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f.made++
		f.files[name] = &inode{id: f.made, data: slices.Clone(files[name]), safe: slices.Clone(files[name])}
	}
	return f
}

// Log returns the operations up to now. It is not to be changed.
func (f *FS) Log() []Op {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clip(f.log)
}

// Files returns a copy of what a process would read now.
func (f *FS) Files() map[string][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	files := make(map[string][]byte, len(f.files))
	for name, node := range f.files {
		files[name] = slices.Clone(node.data)
	}
	return files
}

// do asks Inject and remembers the operation. f.mu is held.
func (f *FS) do(op Op) *Fault {
	if f.dead {
		return &Fault{Err: ErrKilled}
	}
	var fault *Fault
	if f.Inject != nil {
		fault = f.Inject(op)
	}
	switch op.Kind {
	case Open, Read, List:
	case Write:
		if fault != nil {
			op.Data = op.Data[:fault.Written]
		}
		op.Data = slices.Clone(op.Data)
		f.log = append(f.log, op)
	default:
		if fault == nil {
			f.log = append(f.log, op)
		}
	}
	return fault
}

// List returns the files.
func (f *FS) List() ([]fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fault := f.do(Op{Kind: List}); fault != nil {
		return nil, fault.Err
	}
	var list []fs.FileInfo
	for name, node := range f.files {
		list = append(list, info{name, int64(len(node.data))})
	}
	return list, nil
}

// Create makes a file.
func (f *FS) Create(name string) (disk.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.files[name] != nil {
		return nil, fs.ErrExist
	}
	if fault := f.do(Op{Kind: Create, Name: name, File: f.made + 1}); fault != nil {
		return nil, fault.Err
	}
	f.made++
	f.files[name] = &inode{id: f.made}
	return &file{f, f.files[name], name}, nil
}

// Open opens a file.
func (f *FS) Open(name string) (disk.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.files[name] == nil {
		return nil, fs.ErrNotExist
	}
	if fault := f.do(Op{Kind: Open, Name: name}); fault != nil {
		return nil, fault.Err
	}
	return &file{f, f.files[name], name}, nil
}

// Rename gives a file another name.
func (f *FS) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.files[from] == nil {
		return fs.ErrNotExist
	}
	if fault := f.do(Op{Kind: Rename, Name: from, To: to}); fault != nil {
		return fault.Err
	}
	f.files[to] = f.files[from]
	delete(f.files, from)
	return nil
}

// Remove deletes a file.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.files[name] == nil {
		return fs.ErrNotExist
	}
	if fault := f.do(Op{Kind: Remove, Name: name}); fault != nil {
		return fault.Err
	}
	delete(f.files, name)
	return nil
}

// SyncDir makes the names durable.
func (f *FS) SyncDir() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fault := f.do(Op{Kind: SyncDir}); fault != nil {
		return fault.Err
	}
	return nil
}

// Lock takes the only lock.
func (f *FS) Lock(string) (io.Closer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.locked {
		return nil, disk.ErrLocked
	}
	f.locked = true
	return unlock{f}, nil
}

// Kill ends the process that uses the directory, as the system sees it: what it still does fails
// with ErrKilled. The next process uses the FS that is returned.
func (f *FS) Kill() *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead, f.locked = true, false
	return &FS{Inject: f.Inject, shared: f.shared}
}

// Close does nothing.
func (f *FS) Close() error { return nil }

type unlock struct{ fs *FS }

func (u unlock) Close() error {
	u.fs.mu.Lock()
	defer u.fs.mu.Unlock()
	if !u.fs.dead {
		u.fs.locked = false
	}
	return nil
}

type file struct {
	fs   *FS
	node *inode
	name string
}

func (h *file) ReadAt(p []byte, off int64) (int, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if fault := h.fs.do(Op{Kind: Read, Name: h.name, File: h.node.id, Offset: off}); fault != nil {
		return 0, fault.Err
	}
	if off > int64(len(h.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, h.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (h *file) WriteAt(p []byte, off int64) (int, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if fault := h.fs.do(Op{Kind: Write, Name: h.name, File: h.node.id, Offset: off, Data: p}); fault != nil {
		if fault.Written > 0 {
			h.node.data = overwrite(h.node.data, p[:fault.Written], off)
		}
		return fault.Written, fault.Err
	}
	h.node.data = overwrite(h.node.data, p, off)
	return len(p), nil
}

func overwrite(data, p []byte, off int64) []byte {
	data = resize(data, max(int64(len(data)), off+int64(len(p))))
	copy(data[off:], p)
	return data
}

func resize(data []byte, size int64) []byte {
	if n := size - int64(len(data)); n > 0 {
		return append(data, make([]byte, n)...)
	}
	return data[:size]
}

func (h *file) Truncate(size int64) error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if fault := h.fs.do(Op{Kind: Truncate, Name: h.name, File: h.node.id, Size: size}); fault != nil {
		return fault.Err
	}
	h.node.data = resize(h.node.data, size)
	return nil
}

func (h *file) Sync() error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if fault := h.fs.do(Op{Kind: Sync, Name: h.name, File: h.node.id}); fault != nil {
		if fault.Drop {
			n := int64(len(h.node.data))
			h.node.data = resize(slices.Clone(h.node.safe), n)
		}
		return fault.Err
	}
	h.node.safe = slices.Clone(h.node.data)
	return nil
}

func (h *file) Size() (int64, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	return int64(len(h.node.data)), nil
}

func (h *file) Close() error { return nil }

type info struct {
	name string
	size int64
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return 0o600 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }

// ErrKilled is the error of all operations after Kill.
var ErrKilled = errors.New("the process was killed")
