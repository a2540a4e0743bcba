package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS is one directory: the operations a Store needs of it. It exists so that tests can have them
// fail, or lose what was not synced. The calls come one at a time, except for Sync of a File, which
// may run during any other.
type FS interface {
	// List returns what is in the directory, links not followed.
	List() ([]fs.FileInfo, error)
	// Create makes a file that only the user can read and write, and fails if the name is taken.
	Create(name string) (File, error)
	// Open opens a file for reading and writing. It fails for all that is no plain file, also
	// links, and with ErrLoose for files of others.
	Open(name string) (File, error)
	// Rename gives a file another name.
	Rename(from, to string) error
	// Remove deletes a file.
	Remove(name string) error
	// SyncDir makes durable what Create, Rename and Remove did.
	SyncDir() error
	// Lock takes the lock of that name without waiting, with ErrLocked if it is taken. It is given
	// back by Close and by the end of the process.
	Lock(name string) (io.Closer, error)
	// Close gives up the directory.
	Close() error
}

// File is an open file of an FS.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Truncate changes the size.
	Truncate(size int64) error
	// Sync makes durable what was written.
	Sync() error
	// Size returns the size in bytes.
	Size() (int64, error)
}

// OpenFS opens the directory dir of the operating system, and makes it, with mode 0700, if it does
// not exist. It fails with ErrLoose if others may use it. Nothing in it is followed out of it. On
// Windows there are no modes to check, and the directory inherits the rights of the one it is in.
func OpenFS(dir string) (FS, error) {
	if err := makeDir(dir); err != nil {
		return nil, wrap("create", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, wrap("open", dir, err)
	}
	info, err := root.Stat(".")
	if err == nil {
		err = private(info)
	}
	if err != nil {
		_ = root.Close()
		return nil, wrap("open", dir, err)
	}
	return &rootFS{dir, root}, nil
}

// makeDir makes dir and syncs the directories that got a new entry.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(func() (*os.File, error) { return os.Open(parent) })
}

func private(info fs.FileInfo) error {
	if hasModes && info.Mode().Perm()&0o077 != 0 {
		return ErrLoose
	}
	return nil
}

type rootFS struct {
	dir  string
	root *os.Root
}

func (r *rootFS) List() ([]fs.FileInfo, error) {
	d, err := r.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	return d.Readdir(-1)
}

func (r *rootFS) Create(name string) (File, error) {
	f, err := r.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (r *rootFS) Open(name string) (File, error) {
	before, err := r.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, errors.New("no plain file (a link?): move it away")
	}
	if err := private(before); err != nil {
		return nil, err
	}
	f, err := r.root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = errors.New("was exchanged while it was opened: find out who does that")
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return osFile{f}, nil
}

func (r *rootFS) Rename(from, to string) error { return r.root.Rename(from, to) }
func (r *rootFS) Remove(name string) error     { return r.root.Remove(name) }
func (r *rootFS) Close() error                 { return r.root.Close() }

func (r *rootFS) SyncDir() error {
	return syncDir(func() (*os.File, error) { return r.root.Open(".") })
}

// Lock keeps the file when the lock is given back: to remove it would let two processes lock two
// files of one name.
func (r *rootFS) Lock(name string) (io.Closer, error) {
	if info, err := r.root.Lstat(name); err == nil {
		if !info.Mode().IsRegular() {
			return nil, errors.New("no plain file (a link?): move it away")
		}
		if err := private(info); err != nil {
			return nil, err
		}
	}
	f, err := r.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
