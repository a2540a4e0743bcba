package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Whole reads all of r, which is not to be empty (ErrEmpty), nor larger than MaxPayload.
func Whole(ctx context.Context, r io.Reader) ([]byte, error) {
	all, err := readAll(ctx, r)
	if err == nil && len(all) == 0 {
		return nil, ErrEmpty
	}
	return all, err
}

// File reads the file of that name; it may be empty, and "-" is stdin, of which the same holds.
func File(ctx context.Context, name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		return readAll(ctx, stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder", name)
	}
	if info.Size() > int64(largest) {
		return nil, fmt.Errorf("%s: %w", name, ErrTooLarge)
	}
	all, err := readAll(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return all, nil
}

// readAll reads to the end of r.
func readAll(ctx context.Context, r io.Reader) ([]byte, error) {
	in := newInput(r)
	for {
		switch err := in.more(ctx); {
		case errors.Is(err, io.EOF):
			return in.rest, nil
		case err != nil:
			return nil, err
		case len(in.rest) > largest:
			return nil, ErrTooLarge
		}
	}
}
