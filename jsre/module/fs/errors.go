package fs

import (
	"errors"
	"os"
	"syscall"

	"github.com/dop251/goja"
)

// systemError is what the system says against an operation.
type systemError struct {
	err   error
	call  string   // the system call that failed
	paths []string // as the script gave them
}

func failed(err error, call string, paths ...string) *systemError {
	if err == nil {
		return nil
	}
	return &systemError{err, call, paths}
}

// number is the system's number of the error, EIO for one without.
func (e *systemError) number() syscall.Errno {
	var n syscall.Errno
	switch {
	case errors.As(e.err, &n):
		return n
	case errors.Is(e.err, os.ErrNotExist):
		return syscall.ENOENT
	case errors.Is(e.err, os.ErrExist):
		return syscall.EEXIST
	case errors.Is(e.err, os.ErrPermission):
		return syscall.EACCES
	case errors.Is(e.err, os.ErrClosed):
		return syscall.EBADF
	case errors.Is(e.err, os.ErrInvalid):
		return syscall.EINVAL
	}
	return syscall.EIO
}

// describe is the code of an error and what Node.js says of it.
func describe(n syscall.Errno) (code, text string) {
	list := map[syscall.Errno][2]string{
		syscall.ENOENT:       {"ENOENT", "no such file or directory"},
		syscall.EACCES:       {"EACCES", "permission denied"},
		syscall.EPERM:        {"EPERM", "operation not permitted"},
		syscall.EEXIST:       {"EEXIST", "file already exists"},
		syscall.EISDIR:       {"EISDIR", "illegal operation on a directory"},
		syscall.ENOTDIR:      {"ENOTDIR", "not a directory"},
		syscall.ENOTEMPTY:    {"ENOTEMPTY", "directory not empty"},
		syscall.ENOSPC:       {"ENOSPC", "no space left on device"},
		syscall.EINVAL:       {"EINVAL", "invalid argument"},
		syscall.EMFILE:       {"EMFILE", "too many open files"},
		syscall.ENFILE:       {"ENFILE", "file table overflow"},
		syscall.EROFS:        {"EROFS", "read-only file system"},
		syscall.EBADF:        {"EBADF", "bad file descriptor"},
		syscall.ELOOP:        {"ELOOP", "too many symbolic links encountered"},
		syscall.ENAMETOOLONG: {"ENAMETOOLONG", "name too long"},
		syscall.EXDEV:        {"EXDEV", "cross-device link not permitted"},
		syscall.EBUSY:        {"EBUSY", "resource busy or locked"},
		syscall.EFBIG:        {"EFBIG", "file too large"},
		syscall.EPIPE:        {"EPIPE", "broken pipe"},
		syscall.ESPIPE:       {"ESPIPE", "invalid seek"},
		syscall.ENXIO:        {"ENXIO", "no such device or address"},
		syscall.EIO:          {"EIO", "i/o error"},
	}
	if d, ok := list[n]; ok {
		return d[0], d[1]
	}
	return "EIO", n.Error()
}

// error is the Error of Node.js: what, why, the system call and the files.
func (f *files) error(e *systemError) *goja.Object {
	n := e.number()
	code, text := describe(n)
	message := code + ": " + text + ", " + e.call
	extra := []any{"errno", -int(n), "syscall", e.call}
	if len(e.paths) > 0 {
		message += " '" + e.paths[0] + "'"
		extra = append(extra, "path", e.paths[0])
	}
	if len(e.paths) > 1 {
		message += " -> '" + e.paths[1] + "'"
		extra = append(extra, "dest", e.paths[1])
	}
	f.note(e)
	return f.vm.NewError("Error", code, message, extra...)
}

// note remembers an error for sys.errno, and reports whether there was none.
func (f *files) note(e *systemError) bool {
	if e != nil {
		f.vm.SetErrno(int(e.number()))
	}
	return e == nil
}
