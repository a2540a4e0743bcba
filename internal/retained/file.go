package retained

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"dunlin/internal/feed"
	"dunlin/internal/record"
	"dunlin/mqtt"
)

// Writer writes messages to a file, each as a line of JSON. The file gets its name with Commit, and is not there before.
type Writer struct {
	name string
	file *os.File
	w    *bufio.Writer
	line []byte // used again for each message
}

// Create returns a Writer for a file that is not there yet: an export that fails must not take the place of one that did not.
func Create(name string) (*Writer, error) {
	if _, err := os.Lstat(name); err == nil {
		return nil, fmt.Errorf("%s is there already; remove it, or choose another name", name)
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.part")
	if err != nil {
		return nil, err
	}
	return &Writer{name: name, file: f, w: bufio.NewWriterSize(f, 1<<16)}, nil
}

// Write writes a message.
func (w *Writer) Write(m *mqtt.Received, at time.Time) error {
	line, err := AppendLine(w.line[:0], m, at)
	if err != nil {
		return err
	}
	w.line = line
	_, err = w.w.Write(line)
	return err
}

// AppendLine appends a message as a line of JSON.
func AppendLine(dst []byte, m *mqtt.Received, at time.Time) ([]byte, error) {
	r := record.Of(m, at)
	r.PacketID = 0 // of this delivery
	line, err := json.Marshal(r)
	if err != nil {
		return dst, err
	}
	return append(append(dst, line...), '\n'), nil
}

// Commit has the file reach the disk under its name. It takes the place of no other file.
func (w *Writer) Commit() error {
	err := w.w.Flush()
	if err == nil {
		err = w.file.Sync()
	}
	if closed := w.file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = publishName(w.file.Name(), w.name)
	}
	return err
}

// publishName gives a file its name where no other has it.
func publishName(from, to string) error {
	if err := os.Link(from, to); err == nil || errors.Is(err, os.ErrExist) {
		return err
	}
	if _, err := os.Lstat(to); err == nil { // a file system without links
		return os.ErrExist
	}
	return os.Rename(from, to)
}

// Close removes what was not committed, and is to be called in any case.
func (w *Writer) Close() {
	// After Commit there is nothing, and otherwise nothing can be done.
	_ = w.file.Close()
	_ = os.Remove(w.file.Name())
}

// Digest is what two equal retained messages have in common: what is published, without the time that is left.
type Digest [sha256.Size]byte

// DigestOf returns the digest of a message. Properties count where the server has them.
func DigestOf(m mqtt.Message, properties bool) (Digest, error) {
	r := record.Of(&mqtt.Received{Topic: m.Topic, Payload: m.Payload, QoS: m.QoS, Properties: m.Properties}, time.Time{})
	if !properties {
		r.Properties = nil
	}
	if r.Properties != nil {
		r.Properties.MessageExpiry = nil
		if reflect.ValueOf(*r.Properties).IsZero() { // a server may give an expiry to a message that has no other property
			r.Properties = nil
		}
	}
	line, err := json.Marshal(r)
	return sha256.Sum256(line), err
}

// Reader reads messages from a file; it is a feed.Source.
type Reader struct {
	name  string
	file  *os.File
	r     *bufio.Reader
	line  int
	now   func() time.Time
	total int

	Expired int // messages that were passed over
}

// Open returns a Reader of the messages in a file.
func Open(name string) (*Reader, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return &Reader{name: name, file: f, r: bufio.NewReaderSize(f, 1<<16), now: time.Now}, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

// Total returns how many messages there are, if Rewind was told.
func (r *Reader) Total() int { return r.total }

// Portion is not known.
func (r *Reader) Portion() float64 { return -1 }

// Line returns the number of the line of the last message.
func (r *Reader) Line() int { return r.line }

// Rewind goes back to the beginning of the file, which has so many messages.
func (r *Reader) Rewind(total int) error {
	_, err := r.file.Seek(0, io.SeekStart)
	r.r.Reset(r.file)
	r.line, r.Expired, r.total = 0, 0, total
	return err
}

// Ready is always at once.
func (r *Reader) Ready(context.Context) error {
	_, err := r.r.Peek(1)
	return err
}

// Next returns the next message whose time is not over, with the retain flag. An error that is not io.EOF names the line.
func (r *Reader) Next(ctx context.Context) (mqtt.Message, error) {
	for ctx.Err() == nil {
		line, err := r.r.ReadBytes('\n')
		if len(line) == 0 {
			return mqtt.Message{}, err
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return mqtt.Message{}, err
		}
		r.line++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		m, err := r.message(line)
		if errors.Is(err, record.ErrExpired) {
			r.Expired++
			continue
		}
		return m, err
	}
	return mqtt.Message{}, context.Cause(ctx)
}

func (r *Reader) message(line []byte) (mqtt.Message, error) {
	given, err := record.Parse(line)
	if err != nil {
		return mqtt.Message{}, fmt.Errorf("%s: line %d: %w", r.name, r.line, err)
	}
	m, err := given.Message(r.now())
	switch {
	case errors.Is(err, record.ErrExpired):
		return m, err
	case err != nil:
	case !m.Retain || len(m.Payload) == 0:
		err = fmt.Errorf("the message on %.100q is not retained; leave it out", m.Topic)
	default:
		err = m.Validate(mqtt.V5)
	}
	if err != nil {
		return m, fmt.Errorf("%s: line %d: %w", r.name, r.line, err)
	}
	return m, nil
}

// Removal is a feed.Source of messages that remove the retained messages of topics.
type Removal struct {
	Topics []string
	next   int
}

var (
	_ feed.Measured = (*Reader)(nil)
	_ feed.Numbered = (*Reader)(nil)
	_ feed.Measured = (*Removal)(nil)
)

// Ready is always at once.
func (r *Removal) Ready(context.Context) error {
	if r.next == len(r.Topics) {
		return io.EOF
	}
	return nil
}

// Next returns the next message. It is of QoS 1, so that the server says that it has it.
func (r *Removal) Next(ctx context.Context) (mqtt.Message, error) {
	if err := r.Ready(ctx); err != nil {
		return mqtt.Message{}, err
	}
	r.next++
	return mqtt.Message{Topic: r.Topics[r.next-1], QoS: mqtt.AtLeastOnce, Retain: true}, nil
}

// Total returns how many messages there are.
func (r *Removal) Total() int { return len(r.Topics) }

// Portion returns how many of them were taken; it is not called while Next is.
func (r *Removal) Portion() float64 { return -1 }
