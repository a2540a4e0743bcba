package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// ErrLocked is the cause when another Store, of this process or of another one, has the directory.
var ErrLocked = errors.New("in use by another store: one directory serves one client at a time")

// ErrLoose is the cause when the directory or a file in it may be read or written by other users.
var ErrLoose = errors.New("open to other users: give it mode 0700 (directory) or 0600 (file)")

// ErrFormat is the cause when the store was written by a later release of this package. Nothing is
// changed then.
var ErrFormat = errors.New("written in a format of a later release: use that release")

// ErrTooLong is the cause when a value is longer than MaxValue.
var ErrTooLong = errors.New("value longer than 1 GiB - 1: split it")

// Error says which operation on which file failed. After an Error of Commit none of its changes
// counts, and the next Commit may succeed.
type Error struct {
	Op   string // "open", "lock", "list", "create", "read", "write", "sync", "truncate", "rename", "commit"
	Path string // the file, or the directory
	Err  error  // the cause, for errors.Is: ErrLocked, syscall.ENOSPC ...

	// InDoubt is set by a Commit that failed on a disk that also refused to take back what was half
	// written. The changes do not count in this process, and never will once a later Commit
	// succeeds; but they may be there when the process ends before that.
	InDoubt bool
}

// Error is one line: what failed, where, why, and what to do.
func (e *Error) Error() string {
	s := fmt.Sprintf("disk store: %s %s: %v", e.Op, e.Path, e.Err)
	if e.InDoubt {
		s += "; what was half written could not be taken back and may be found at the next open"
	}
	if a := advice(e.Err); a != "" {
		s += "; " + a
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func advice(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room and try again, the store goes on from there"
	case errors.Is(err, syscall.EROFS):
		return "mount it for writing and try again"
	case errors.Is(err, fs.ErrPermission):
		return "the user of this process needs to own the directory and its files"
	case errors.Is(err, syscall.EIO):
		return "the disk has a fault: check it, then try again"
	}
	return ""
}

// wrap makes an *Error of err, with only the cause of those that carry their own operation and
// path.
func wrap(op, path string, err error) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return err
	}
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return &Error{Op: op, Path: path, Err: err}
}

// Kind says what is wrong with a store that was opened.
type Kind int

const (
	// Torn means: the log ends without the mark that Close leaves, and maybe in the middle of a
	// record. This is normal after a crash or a power loss. What Commit had made durable is there.
	Torn Kind = iota
	// Rotten means: bytes that were safely on the disk are not what was written. The records in
	// them are gone, all others are there.
	Rotten
	// Missing means: files of the log are gone.
	Missing
	// Stray means: a file that is not of this store. It is left alone.
	Stray
)

// String returns the name in lower case.
func (k Kind) String() string {
	switch k {
	case Torn:
		return "torn"
	case Rotten:
		return "rotten"
	case Missing:
		return "missing"
	case Stray:
		return "stray"
	}
	return fmt.Sprintf("kind %d", int(k))
}

// Damage is one finding about the files of a store.
type Damage struct {
	Kind   Kind
	File   string // name in the directory
	Offset int64  // where it begins, in bytes
	Length int64  // bytes; 0 when nothing but the mark of Close is missing
	// Records counts the records of the log that are gone. Some may have been out of date, so no
	// more than this many values are lost.
	Records int
	// Keys are those records' keys that are known. They have no value now, even where an older one
	// could be read.
	Keys []uint64
	// Unknown counts the lost records whose keys are not known: it takes damage to more than one
	// record to get there. An older value of such a key, or a removed one, may be back.
	Unknown int
	// Saved is the name of the file in the same directory that has the damaged bytes; empty when
	// there is none.
	Saved string
}

// String is one line for a log.
func (d Damage) String() string {
	switch {
	case d.Kind == Stray:
		return fmt.Sprintf("disk store: %s is not part of the store: left alone", d.File)
	case d.Kind == Missing:
		return fmt.Sprintf("disk store: files before %s are missing: the values in them are lost", d.File)
	case d.Kind == Torn && d.Length == 0:
		return fmt.Sprintf("disk store: %s was not closed: normal after a crash, nothing was repaired", d.File)
	}
	s := fmt.Sprintf("disk store: %s: %s at offset %d, %d bytes, %d records gone", d.File, d.Kind, d.Offset, d.Length, d.Records)
	if d.Unknown > 0 {
		s += fmt.Sprintf(", %d of unknown keys: older values of these may be back", d.Unknown)
	}
	if d.Saved != "" {
		s += ", bytes kept in " + d.Saved
	}
	return s
}
