package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"dunlin/internal/load/result"
)

// readResults reads results, and joins several.
func (a *app) readResults(names []string) (*result.Result, error) {
	var parts []*result.Result
	for _, name := range names {
		r, err := a.readResult(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		parts = append(parts, r)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return result.Join(parts...)
}

func (a *app) readResult(name string) (*result.Result, error) {
	if name == "-" {
		return result.Read(a.Stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, errors.Unwrap(err) // the name is said by who calls
	}
	defer func() { _ = f.Close() }() // which was only read
	return result.Read(f)
}

// targetOf finds where a file is written: where links lead to. What is there and is no file, such as a pipe or /dev/null, is written to as
// it is; a file appears when it is complete.
func targetOf(file string) (target string, asItIs bool, err error) {
	switch info, err := os.Stat(file); {
	case errors.Is(err, fs.ErrNotExist):
		return file, false, nil
	case err != nil:
		return "", false, reason(err)
	case info.IsDir():
		return "", false, errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return file, true, nil
	}
	target, err = filepath.EvalSymlinks(file)
	return target, false, reason(err)
}

// reason is an error without the path, which is said already.
func reason(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// writable says why a file could not be written.
func writable(file string) error {
	if file == "-" {
		return nil
	}
	target, asItIs, err := targetOf(file)
	if err != nil || asItIs {
		return err
	}
	if info, err := os.Stat(filepath.Dir(target)); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s", filepath.Dir(target))
	}
	f, err := beside(target)
	if err != nil {
		return reason(err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// beside makes the file that takes the place of another when it is complete.
func beside(target string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+"-*")
}

// writeBench writes a file.
func writeBench(a *app, file string, write func(io.Writer) error) error {
	if file == "-" {
		return write(a.out)
	}
	target, asItIs, err := targetOf(file)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if asItIs {
		f, err := os.OpenFile(target, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := beside(target)
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", file, reason(err))
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), target)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // it is incomplete
	}
	return err
}
