package payload

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"dunlin/internal/ui/protocol"
)

// Piece is how many bytes of a payload a text or a dump shows at once. The next piece begins so much further on; a character that
// stands across the border belongs to the piece in front.
const Piece = 64 << 10

const (
	mostDecoded = 10 << 20 // bytes of a payload that is decoded, or shown as a picture
	mostPixels  = 64 << 20
)

// Reader reads payloads as they are asked for. Any number of goroutines may use it.
type Reader struct {
	// Folder is where the files of Protobuf schemas are, and Schemas are those that the command names, as FILE#TYPE: the page can
	// name no other file.
	Folder  string
	Schemas []string
}

// Read fills in the members As, Text, From, More, Image, Bytes, Problem and Maybe of dst.
func (r *Reader) Read(dst *protocol.Message, m *Message, ask protocol.Read) {
	if m.Size > 0 && len(m.Payload) == 0 {
		dst.As, dst.Problem = Text, fmt.Sprintf("the payload of %d bytes is longer than a quarter of the history, and was not kept: --history makes it larger", m.Size)
		return
	}
	form := m.Form()
	as := ask.As
	if as == "" {
		as = form
		if form == Binary {
			dst.Maybe = maybe(m)
		}
	}
	if problem := r.readAs(dst, m, as, ask); problem != nil {
		dst.Problem = problem.Error()
		if form == Text || form == JSON {
			showText(dst, m.Payload, ask.From)
		} else {
			showHex(dst, m.Payload, ask.From)
		}
	}
}

// readAs reads a payload in one way, or says why it cannot be read so.
func (r *Reader) readAs(dst *protocol.Message, m *Message, as string, ask protocol.Read) error {
	switch as {
	case Text, Empty:
		showText(dst, m.Payload, ask.From)
		return nil
	case hexDump, Binary:
		showHex(dst, m.Payload, ask.From)
		return nil
	case Image:
		return showImage(dst, m)
	case JSON, CBOR, MsgPack, Sparkplug:
		return showDecoded(dst, m, as, as)
	case protobuf:
		schema, err := r.schema(ask.Schema)
		if err != nil {
			return err
		}
		return showDecoded(dst, m, as, protobuf+":"+schema)
	}
	return fmt.Errorf("payloads can be read as %s, not as %s", strings.Join(Formats(), ", "), oneLine([]byte(as), false))
}

// schema returns which schema is meant: one of the command's, or of a file in the folder.
func (r *Reader) schema(asked string) (string, error) {
	for _, known := range r.Schemas {
		if asked == "" || asked == known || asked == filepath.Base(known) {
			return known, nil
		}
	}
	file, _, ok := strings.Cut(asked, "#")
	switch {
	case !ok || file == "":
		return "", errors.New("a schema is needed: FILE#TYPE, such as sensor.proto#lab.Reading")
	case r.Folder == "" || filepath.Base(file) != file || !filepath.IsLocal(file):
		return "", errors.New("the file of a schema has to be in the folder that the command names with --folder, without a path")
	}
	return filepath.Join(r.Folder, asked), nil
}

// showText shows a piece of a payload as text.
func showText(dst *protocol.Message, b []byte, from int) {
	from, end := piece(b, from)
	dst.As, dst.From, dst.More = Text, from, end < len(b)
	var w visible
	for text := b[behindCharacter(b, from):behindCharacter(b, end)]; len(text) > 0; {
		text = w.next(text, "\n\t")
	}
	dst.Text = w.String()
}

// piece returns where the piece that begins at from ends.
func piece(b []byte, from int) (start, end int) {
	start = min(max(from, 0), len(b))
	return start, min(start+Piece, len(b))
}

// behindCharacter returns a place in b, or, where a character begins before it and ends behind it, that end.
func behindCharacter(b []byte, at int) int {
	for back := 1; back < utf8.UTFMax && back <= at && at < len(b); back++ {
		if start := at - back; utf8.RuneStart(b[start]) {
			_, size := utf8.DecodeRune(b[start:])
			return max(at, start+size)
		}
	}
	return at
}

// showHex shows a piece of a payload as a dump, as hexdump -C does.
func showHex(dst *protocol.Message, b []byte, from int) {
	from, end := piece(b, from)
	dst.As, dst.From, dst.More = hexDump, from, end < len(b)
	var w strings.Builder
	for at := from; at < end; at += 16 {
		row := b[at:min(at+16, end)]
		fmt.Fprintf(&w, "%08x  %-23s  %-23s  |", at, fmt.Sprintf("% x", row[:min(8, len(row))]), fmt.Sprintf("% x", row[min(8, len(row)):]))
		for _, c := range row {
			if c < ' ' || c >= 0x7f {
				c = '.'
			}
			w.WriteByte(c)
		}
		w.WriteString("|\n")
	}
	dst.Text = w.String()
}

// showImage hands a picture on.
func showImage(dst *protocol.Message, m *Message) error {
	kind := imageType(m.Payload, m.Size)
	switch {
	case kind == "":
		return errors.New("it is no picture: PNG, JPEG, GIF, WebP and BMP are known by their first bytes")
	case len(m.Payload) > mostDecoded:
		return fmt.Errorf("a picture of more than %d bytes is not shown", mostDecoded)
	case pixels(kind, m.Payload) > mostPixels:
		return fmt.Errorf("a picture of more than %d pixels is not shown", mostPixels)
	}
	dst.As, dst.Image, dst.Bytes = Image, kind, m.Payload
	return nil
}

// names are those that people know the decoded forms by.
var names = map[string]string{JSON: "JSON", CBOR: "CBOR", MsgPack: "MessagePack", Sparkplug: "Sparkplug B", protobuf: "message of this schema"}

// showDecoded shows what a decoder makes of a payload: JSON, indented.
func showDecoded(dst *protocol.Message, m *Message, as, format string) error {
	if len(m.Payload) > mostDecoded {
		return fmt.Errorf("a payload of more than %d bytes is not decoded", mostDecoded)
	}
	d, err := newDecoder(format)
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "--decode "))
	}
	compact, err := d.json(m)
	if err != nil {
		return fmt.Errorf("it is no %s, and shown as it is: %s", names[as], strings.TrimPrefix(err.Error(), as+": "))
	}
	dst.As, dst.Text = as, string(indented(compact))
	return nil
}

// mostIndent is how many levels are indented further: the deepest JSON would be space alone.
const mostIndent = 32

// indented returns compact JSON with a line for each member. Where that would be more than four times as long, it stays as it is.
func indented(compact []byte) []byte {
	most := 4*len(compact) + 64<<10
	dst := make([]byte, 0, 2*len(compact))
	depth := 0
	for i := 0; i < len(compact); i++ {
		if len(dst) > most {
			return compact
		}
		switch c := compact[i]; c {
		case '"':
			end := i + max(stringEnd(compact[i:]), 1)
			dst = append(dst, compact[i:end]...)
			i = end - 1
		case '{', '[':
			dst = append(dst, c)
			if depth++; compact[i+1] != '}' && compact[i+1] != ']' {
				dst = appendLine(dst, depth)
			}
		case '}', ']':
			if depth--; compact[i-1] != '{' && compact[i-1] != '[' {
				dst = appendLine(dst, depth)
			}
			dst = append(dst, c)
		case ',':
			dst = appendLine(append(dst, c), depth)
		case ':':
			dst = append(dst, ':', ' ')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// appendLine begins a line.
func appendLine(dst []byte, depth int) []byte {
	dst = append(dst, '\n')
	for range min(depth, mostIndent) {
		dst = append(dst, ' ', ' ')
	}
	return dst
}
