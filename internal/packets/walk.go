package packets

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// shownText is how many bytes of a value a field shows.
const shownText = 1000

// walk goes through a packet once, from the first byte to the last, and notes each field. Where a packet breaks the specification it
// notes that and goes on as far as there is sense in it.
type walk struct {
	b       []byte // what is known of the packet
	sent    bool
	broken  bool
	version mqtt.Version
	kind    byte

	size  int  // of the whole packet
	at    int  // what is read next
	end   int  // where the packet ends, or the list in it that is being read
	done  bool // nothing more can be read
	depth int
	place byte // the packet or the will that the list of properties belongs to

	fields  []protocol.Field
	fault   string   // the first one
	odd     bool     // lengths do not fit, so that fields may not be what they seem
	summary []string // of the packet, joined with commas
	secrets [][2]int // from and to, of credentials
	// doubtful are texts and data that are no credentials, unless lengths do not fit. They are noted while personal is set.
	doubtful [][2]int
	personal bool
	facts    facts // for who follows a connection
}

// facts are what a packet says to the machines.
type facts struct {
	clientID  string
	clean     bool
	will      bool
	present   bool // the session
	keepAlive int
	code      byte
	id        uint16
	codes     []byte   // of SUBACK and UNSUBACK
	filters   []string // of SUBSCRIBE, the first ones
	topic     string
	qos       byte
	payload   []byte
	numbers   map[byte]uint32 // properties
	texts     map[byte]string
	user      []mqtt.UserProperty
}

// start reads the fixed header and the rest by its type.
func start(p Packet) *walk {
	w := &walk{b: p.Bytes, sent: p.Sent, broken: p.Broken, version: p.Version, size: p.Size, end: max(p.Size, len(p.Bytes))}
	if !w.has("fixed header", 0, 1, "") {
		return w
	}
	w.kind = w.b[0] >> 4
	if w.kind == typeConnect {
		w.version = levelOf(p)
	}
	w.header()
	if !w.done {
		w.body()
	}
	if !w.done && w.at < w.end {
		w.rest()
	}
	return w
}

func (w *walk) five() bool { return w.version == mqtt.V5 }

// clause returns the clause of the version in use. MQTT 3.1 has a section for each packet, and no numbers below it.
func (w *walk) clause(five, three string) string {
	switch {
	case w.five():
		return five
	case w.version != mqtt.V31:
		return three
	case strings.HasPrefix(three, "MQTT-"):
		return ""
	case strings.HasPrefix(three, "2.2."):
		return "2.1" // the fixed header
	}
	parts := strings.SplitN(three, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// add notes a field of the next n bytes. The pointer is good until the next one is added.
func (w *walk) add(name string, n int, clause string) *protocol.Field {
	w.fields = append(w.fields, protocol.Field{Name: name, Clause: clause, Depth: w.depth, From: w.at, Length: n})
	w.at += n
	return &w.fields[len(w.fields)-1]
}

// part notes a field that is some bits of the byte that was read last.
func (w *walk) part(name, value, clause string) *protocol.Field {
	w.fields = append(w.fields, protocol.Field{Name: name, Value: value, Clause: clause, Depth: w.depth + 1, From: w.at - 1, Length: 1})
	return &w.fields[len(w.fields)-1]
}

// wrong notes what is wrong with a field, and which clause says so.
func (w *walk) wrong(f *protocol.Field, fault, clause string) {
	if clause != "" {
		fault += ", " + clause
	}
	if f.Fault == "" {
		f.Fault = fault
	}
	if w.fault == "" {
		w.fault = fault
	}
}

// say adds to the summary.
func (w *walk) say(format string, args ...any) {
	w.summary = append(w.summary, fmt.Sprintf(format, args...))
}

// has tells whether n bytes are there from offset from on. If not it notes why as a field that ends the walk: the packet ends before
// them, the connection did, or they are not kept.
func (w *walk) has(name string, from, n int, clause string) bool {
	if w.done {
		return false
	}
	there := min(w.end, len(w.b))
	if from+n <= there {
		return true
	}
	f := w.add(name, max(0, there-w.at), clause)
	w.at, w.done = min(from, there), true // what follows was not read
	switch {
	case from+n > w.end:
		w.odd = true
		w.wrong(f, fmt.Sprintf("%s needs %s, and %d are there", name, count(n, "byte"), max(0, w.end-from)), w.malformed())
	case w.broken:
		w.wrong(f, fmt.Sprintf("the connection ended after %d of %s of the packet", len(w.b), count(w.size, "byte")), "")
	default:
		f.Note = "the rest of the packet is not kept"
	}
	return false
}

// malformed returns the clause about what cannot be read.
func (w *walk) malformed() string { return w.clause("4.13", "MQTT-4.8.0-1") }

// take reads n bytes as a field.
func (w *walk) take(name string, n int, clause string) ([]byte, *protocol.Field) {
	if !w.has(name, w.at, n, clause) {
		return nil, nil
	}
	data := w.b[w.at : w.at+n]
	return data, w.add(name, n, clause)
}

// number reads a number of one, two or four bytes as a field; the field is nil when it is not there.
func (w *walk) number(name string, n int, clause string) (uint32, *protocol.Field) {
	data, f := w.take(name, n, clause)
	if f == nil {
		return 0, nil
	}
	v := uint32(0)
	for _, b := range data {
		v = v<<8 | uint32(b)
	}
	f.Value = fmt.Sprint(v)
	return v, f
}

// data reads a length of two bytes and so many bytes as a field.
func (w *walk) data(name, clause string) ([]byte, *protocol.Field) {
	if !w.has(name, w.at, 2, clause) {
		return nil, nil
	}
	n := int(binary.BigEndian.Uint16(w.b[w.at:]))
	if !w.has(name, w.at+2, n, clause) {
		return nil, nil
	}
	value := w.b[w.at+2 : w.at+2+n]
	f := w.add(name, 2+n, clause)
	f.Note = count(n, "byte")
	if w.personal {
		w.doubtful = append(w.doubtful, [2]int{w.at - n, w.at})
	}
	return value, f
}

// text reads a UTF-8 string as a field.
func (w *walk) text(name, clause string) (string, *protocol.Field) {
	value, f := w.data(name, clause)
	if f == nil {
		return "", nil
	}
	f.Value = shown(value)
	switch {
	case !utf8.Valid(value):
		w.wrong(f, "not UTF-8", w.clause("MQTT-1.5.4-1", "MQTT-1.5.3-1"))
	case strings.IndexByte(string(value), 0) >= 0:
		w.wrong(f, "holds U+0000", w.clause("MQTT-1.5.4-2", "MQTT-1.5.3-2"))
	}
	return string(value), f
}

// hidden reads binary data or a text that is nobody's business.
func (w *walk) hidden(name, clause string) *protocol.Field {
	from := w.at + 2
	_, f := w.data(name, clause)
	if f != nil {
		f.Value = "(masked)"
		w.secrets = append(w.secrets, [2]int{from, w.at})
	}
	return f
}

// varint reads a variable byte integer as a field.
func (w *walk) varint(name, clause string) (int, *protocol.Field) {
	v := 0
	for i := range 4 {
		if !w.has(name, w.at, i+1, clause) {
			return 0, nil
		}
		b := w.b[w.at+i]
		v |= int(b&0x7F) << (7 * i)
		if b >= 0x80 {
			continue
		}
		f := w.add(name, i+1, clause)
		f.Value = fmt.Sprint(v)
		if i > 0 && b == 0 {
			w.wrong(f, fmt.Sprintf("%d bytes for a number that needs fewer", i+1), w.clause("MQTT-1.5.5-1", "2.2.3"))
		}
		return v, f
	}
	f := w.add(name, 4, clause)
	w.done, w.odd = true, true
	w.wrong(f, "a length of more than four bytes", w.clause("1.5.5", "2.2.3"))
	return 0, nil
}

// rest notes bytes that no field has.
func (w *walk) rest() {
	n := min(w.end, len(w.b)) - w.at
	if n <= 0 {
		w.has("bytes behind the last field", w.at, 1, w.malformed())
		return
	}
	f := w.add("bytes behind the last field", n, w.malformed())
	w.at -= n // not read
	w.odd = true
	w.wrong(f, count(n, "byte")+" too many", w.malformed())
}

// count returns "1 byte" or "2 bytes".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// shown returns text as a field shows it: at most so much of it, and UTF-8.
func shown(value []byte) string {
	cut := ""
	if len(value) > shownText {
		n := shownText
		for n > shownText-utf8.UTFMax && !utf8.RuneStart(value[n]) {
			n--
		}
		value, cut = value[:n], "…"
	}
	return strings.ToValidUTF8(string(value), "\uFFFD") + cut
}

// quoted returns text for a summary: one line, at most 80 bytes of it.
func quoted(text string) string {
	const most = 80
	if len(text) > most {
		return fmt.Sprintf("%q… (%d bytes)", strings.ToValidUTF8(text[:most], ""), len(text))
	}
	return fmt.Sprintf("%q", text)
}
