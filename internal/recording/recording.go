// Package recording is what messages are kept in to be published, or looked at, again: a file with a line of JSON for each
// message, as "dunlin sub --json" and "mosquitto_sub -F %j" print them, with the time at which it came. A name that ends
// with .gz is compressed.
package recording

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"dunlin/internal/feed"
	"dunlin/internal/record"
	"dunlin/mqtt"
)

// Entry is a message of a recording.
type Entry struct {
	Time    time.Time // at which it came
	Message mqtt.Message
	Line    int // from 1 on
}

// maxLine is the longest line: a payload of the largest packet, of which each byte is escaped with six.
const maxLine = 6*(256<<20) + 1<<20

// Reader reads a recording. One goroutine at a time may use it.
type Reader struct {
	in   *bufio.Reader
	line int
	err  error // after which nothing comes
	cut  bool  // a compressed one has no end
}

// errCompressed is what cannot be uncompressed.
const errCompressed = "it is compressed and cannot be read: %w"

// NewReader returns a reader of a recording, compressed or not.
func NewReader(r io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1F, 0x8B}) { // gzip's (RFC 1952, section 2.3.1)
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf(errCompressed, err)
		}
		in = bufio.NewReaderSize(z, 64<<10)
	}
	return &Reader{in: in}, nil
}

// Next returns the next message, and io.EOF after the last. After a *feed.LineError the next call goes on behind that line; a
// last line that was cut short is one, too. A compressed recording that goes on, or was killed, ends with its last whole line. After
// any other error nothing comes.
func (r *Reader) Next() (Entry, error) {
	for r.err == nil {
		line, err := r.readLine()
		if err != nil {
			r.err = err
		}
		if damage := flate.CorruptInputError(0); errors.As(err, &damage) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) {
			r.err = fmt.Errorf("behind line %d "+errCompressed, r.line-1, err)
			break
		}
		if errors.Is(err, io.ErrUnexpectedEOF) { // what is begun in a compressed stream without an end is no message yet
			break
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		e, err := entry(line)
		if err != nil {
			if errors.Is(r.err, io.EOF) {
				err = fmt.Errorf("%w; it was cut short, perhaps because the recording was not ended", err)
			}
			return Entry{}, lineError(r.line, err)
		}
		e.Line = r.line
		return e, nil
	}
	if errors.Is(r.err, io.ErrUnexpectedEOF) {
		r.cut = true
		return Entry{}, io.EOF
	}
	return Entry{}, r.err
}

// Cut tells, when Next has returned io.EOF, whether a compressed recording has no end: it goes on, was killed, or is not all there.
func (r *Reader) Cut() bool { return r.cut }

func lineError(line int, err error) error { return &feed.LineError{Line: line, Err: err} }

func (r *Reader) readLine() ([]byte, error) {
	var line []byte
	r.line++
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		if len(line) > maxLine {
			return nil, fmt.Errorf("line %d is longer than any message can be", r.line)
		}
	}
}

func entry(line []byte) (Entry, error) {
	g, err := record.Parse(line)
	if err != nil {
		return Entry{}, err
	}
	at, err := g.Time()
	if err != nil {
		return Entry{}, err
	}
	if at.IsZero() {
		return Entry{}, errors.New("it does not say when the message came; a recording has tst in each line")
	}
	if g.Topic == nil {
		return Entry{}, errors.New("it has no topic")
	}
	e := Entry{Time: at}
	if err := g.Change(&e.Message); err != nil {
		return Entry{}, err
	}
	return e, e.Message.Validate(mqtt.V5)
}

// Append appends a message as a line.
func Append(dst []byte, m *mqtt.Received, at time.Time) ([]byte, error) {
	r := record.Of(m, at.UTC())
	r.PacketID = 0 // of this delivery
	line, err := json.Marshal(r)
	if err != nil {
		return dst, err
	}
	return append(append(dst, line...), '\n'), nil
}

// Writer writes a recording to a file. One goroutine at a time may use it.
type Writer struct {
	file    *os.File
	zip     *gzip.Writer // nil: it is not compressed
	flushed time.Time
}

// flushEvery is how much of a compressed recording a crash can take.
const flushEvery = time.Second

// Create makes a new file. It takes the place of no other one.
func Create(name string) (*Writer, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("%s is there already; choose another name", name)
	}
	if err != nil {
		return nil, err
	}
	w := &Writer{file: f}
	if strings.HasSuffix(name, ".gz") {
		w.zip = gzip.NewWriter(f)
	}
	return w, nil
}

// Write writes lines that Append has made.
func (w *Writer) Write(lines []byte) (int, error) {
	if w.zip == nil {
		return w.file.Write(lines)
	}
	n, err := w.zip.Write(lines)
	if now := time.Now(); err == nil && now.Sub(w.flushed) >= flushEvery {
		w.flushed = now
		err = w.zip.Flush()
	}
	return n, err
}

// Close ends the recording: all of it is on the disk when Close returns no error.
func (w *Writer) Close() error {
	var err error
	if w.zip != nil {
		err = w.zip.Close()
	}
	return errors.Join(err, w.file.Sync(), w.file.Close())
}
