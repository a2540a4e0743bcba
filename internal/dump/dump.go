package dump

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"dunlin/internal/record"
	"dunlin/mqtt"
)

// Dump keeps messages in a folder. One goroutine at a time may use it.
type Dump struct {
	dir   string
	root  *os.Root
	last  bool
	run   string // random: tells the files of this run from others'
	count int64  // messages that were kept
}

// Write keeps m, which came at the time at. When it returns nil the message is whole in its file; an error names the
// file and ends the command, because nothing may be lost silently.
func (d *Dump) Write(m *mqtt.Received, at time.Time) error {
	folder := filepath.FromSlash(Name(m.Topic))
	info, err := json.Marshal(record.Beside(m, at))
	if err != nil {
		return d.fail(folder, err)
	}
	info = append(info, '\n')
	if d.last {
		name := filepath.Join(folder, "@last")
		if err := d.replace(name, m.Payload); err != nil {
			return d.fail(name, err)
		}
		if err := d.replace(name+".json", info); err != nil {
			return d.fail(name+".json", err)
		}
		d.count++
		return nil
	}
	name, err := d.add(folder, m.Payload, at)
	if err != nil {
		return d.fail(name, err)
	}
	if err := d.replace(name+".json", info); err != nil {
		return d.fail(name+".json", err)
	}
	d.count++
	return nil
}

// add keeps a payload under a name that no other file has, which it returns.
func (d *Dump) add(folder string, payload []byte, at time.Time) (string, error) {
	begin := filepath.Join(folder, "@"+at.UTC().Format("20060102T150405.000000000Z")+"-")
	for number := d.count + 1; ; number++ {
		name := begin + strconv.FormatInt(number, 10)
		part, err := d.create(name + ".part")
		if errors.Is(err, fs.ErrExist) {
			continue // another process keeps a message that came in the same nanosecond
		}
		if err != nil {
			return name, err
		}
		// Who had this ".part" before has renamed it by now.
		if _, err := d.root.Lstat(name); err == nil {
			if err := errors.Join(part.Close(), d.root.Remove(name+".part")); err != nil {
				return name, err
			}
			continue
		}
		return name, d.fill(part, name+".part", name, payload)
	}
}

// replace writes a file, in the place of one that may be there.
func (d *Dump) replace(name string, content []byte) error {
	partName := name + "." + d.run + ".part"
	part, err := d.create(partName)
	if err != nil {
		return err
	}
	return d.fill(part, partName, name, content)
}

// create makes a new file, and the folders for it.
func (d *Dump) create(name string) (*os.File, error) {
	const flag = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	f, err := d.root.OpenFile(name, flag, 0o666)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if err := d.root.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return nil, err
	}
	return d.root.OpenFile(name, flag, 0o666)
}

// fill writes a file and gives it its name, or removes it.
func (d *Dump) fill(part *os.File, partName, name string, content []byte) error {
	_, err := part.Write(content)
	if closed := part.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = d.root.Rename(partName, name)
	}
	if err != nil {
		// It is of no use to anybody; the first error says what matters.
		_ = d.root.Remove(partName)
	}
	return err
}

// fail says which file an error is about, and what is there all the same.
func (d *Dump) fail(name string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	if len(name) > 256 {
		name = name[:256] + "..."
	}
	return fmt.Errorf("--dump: %s: %w; %d messages are kept in %s", filepath.Join(d.dir, name), err, d.count, d.dir)
}

// Close closes the folder.
func (d *Dump) Close() error { return d.root.Close() }
