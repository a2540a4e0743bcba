package packets

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

const (
	// DefaultBytes is how much a Log keeps where nothing else is said.
	DefaultBytes = 8 << 20
	// leastBytes is what a log has to have to be one.
	leastBytes = 16 << 10
	// parts is how many parts a log is forgotten in.
	parts = 16
	// keptBytes is how much of a packet is kept.
	keptBytes = 16 << 10
	// keptEnds is how many ends of connections are kept.
	keptEnds = 100
	// mostPackets bounds what is asked for at once.
	mostPackets = 500
)

// Log keeps the latest packets and events of one connection of ours, or of all devices of a proxy. Its methods may be called from
// any goroutine; none keeps the others waiting for long.
type Log struct {
	most int // bytes

	mu       sync.Mutex
	segments []segment // the oldest first
	used     int       // bytes
	last     int64
	talks    map[int]*talk
	holders  map[string]holder // of client identifiers
	ends     []ended           // the latest last
	overdue  []*talk           // of our own client, whose ends were not told when the next one began
	late     *talk             // the last of them whose end was told
}

// ended is an end of a device's connection.
type ended struct {
	device int
	protocol.End
}

// NewLog returns a log that holds so many bytes; 0: DefaultBytes.
func NewLog(bytes int) *Log {
	return &Log{most: max(cmp.Or(bytes, DefaultBytes), leastBytes), talks: map[int]*talk{}, holders: map[string]holder{}}
}

// Traced takes a packet of our own client: it is what mqtt.Config.OnPacket may be.
func (l *Log) Traced(p mqtt.TracedPacket) {
	l.Add(0, time.Now(), Packet{Sent: p.Sent, Version: p.Version, Bytes: p.Bytes, Size: p.Size})
}

// Add takes a packet of a device, 0 for our own client, and returns its number. A version of 0 is that of the device's CONNECT.
// Credentials are masked in the copy that is kept.
func (l *Log) Add(device int, at time.Time, p Packet) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.talk(device, at)
	isConnect := len(p.Bytes) > 0 && p.Bytes[0]>>4 == typeConnect && !p.Foreign
	if isConnect && (t.connect != 0 && t.closed || device == 0) {
		l.supersede(t)
		t = l.anew(device, at)
	}
	if isConnect && t.connect == 0 {
		t.version = levelOf(p)
	}
	p.Version = cmp.Or(p.Version, t.version)
	r := record{
		micros: micros(at), size: max(p.Size, len(p.Bytes)), device: device, version: p.Version, sent: p.Sent, broken: p.Broken,
		foreign: p.Foreign, dropped: p.Dropped,
	}
	kept := l.append(r, p.Bytes[:min(len(p.Bytes), keptBytes, l.most/parts)])
	p.Bytes = kept
	if wantsMask(p) {
		Mask(p)
	}
	t.add(l.last, at, p)
	if isConnect {
		l.hold(t)
	}
	return l.last
}

// wantsMask tells whether credentials may be in a packet.
func wantsMask(p Packet) bool {
	if len(p.Bytes) == 0 {
		return false
	}
	kind := p.Bytes[0] >> 4
	return kind == typeConnect || kind == typeConnAck || kind == typeAuth || foreign(p) != ""
}

// append keeps a record with a copy of its bytes, which it returns, and forgets the oldest for it.
func (l *Log) append(r record, data []byte) []byte {
	if n := len(l.segments); n == 0 || l.segments[n-1].bytes() >= l.most/parts {
		l.segments = append(l.segments, segment{first: l.last + 1})
	}
	s := &l.segments[len(l.segments)-1]
	before := s.bytes()
	r.from, r.length = len(s.data), len(data)
	s.data = append(s.data, data...)
	s.records = append(s.records, r)
	l.used += s.bytes() - before
	l.last++
	kept := s.data[r.from : r.from+r.length : r.from+r.length]
	for l.used > l.most && len(l.segments) > 1 {
		l.used -= l.segments[0].bytes()
		l.segments = slices.Delete(l.segments, 0, 1)
	}
	return kept
}

// Opened takes the event that a connection was made; text says between whom.
func (l *Log) Opened(device int, at time.Time, text string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.anew(device, at)
	l.append(record{micros: micros(at), device: device, kind: isOpened}, []byte(text[:min(len(text), keptBytes, l.most/parts)]))
	t.opened, t.address = l.last, text
	return l.last
}

// Closed takes the event that a connection ended, or could not be made, and returns why, for people. For our own client it is called by
// OnDisconnect and OnRetry, in their order: what both tell is one end. What repeats, such as attempts that fail, is one end with the time
// of the latest.
func (l *Log) Closed(device int, at time.Time, c Closed) protocol.End {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.endedTalk(device, at, c.Err)
	if t.closed {
		return t.end
	}
	e := l.explain(t, at, c)
	text := e.Who + ": " + e.Why
	l.append(record{micros: micros(at), device: device, kind: isClosed}, []byte(text[:min(len(text), keptBytes, l.most/parts)]))
	e.Number, e.Time = l.last, micros(at)
	t.closed, t.end, t.err = true, e, c.Err
	l.end(t, &e)
	if device != 0 {
		delete(l.talks, device)
	}
	return e
}

// supersede notes that our own client has begun another connection, before it said how an accepted one ended.
func (l *Log) supersede(t *talk) {
	const most = 10
	if !t.closed && t.connAck != 0 && t.granted.code == 0 && len(l.overdue) < most {
		l.overdue = append(l.overdue, t)
	}
}

// endedTalk returns the connection that an end is of. It is closed if the end was told before.
func (l *Log) endedTalk(device int, at time.Time, err error) *talk {
	t := l.talk(device, at)
	switch {
	case device == 0 && l.late != nil && sameError(l.late.err, err):
		t, l.late = l.late, nil
		return t
	case device == 0 && len(l.overdue) > 0:
		l.late, l.overdue = l.overdue[0], l.overdue[1:]
		return l.late
	case t.closed && (t.packets() == 0 || !sameError(t.err, err)): // an attempt of its own
		return l.anew(device, at)
	}
	return t
}

// sameError compares what errors say: some cannot be compared themselves.
func sameError(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.Error() == b.Error()
}

// end keeps the end of a connection.
func (l *Log) end(t *talk, e *protocol.End) {
	if n := len(l.ends); n > 0 && t.packets() == 0 && l.ends[n-1].Why == e.Why {
		l.ends[n-1] = ended{t.device, *e}
		return
	}
	l.ends = append(l.ends, ended{t.device, *e})
	if len(l.ends) > keptEnds {
		l.ends = slices.Delete(l.ends, 0, 1)
	}
}

// Last returns the number of the latest packet or event, 0 when there was none.
func (l *Log) Last() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// view is what the log holds at a moment.
type view struct {
	segments []segment
	ends     []ended
	last     int64
}

func (l *Log) view() view {
	l.mu.Lock()
	defer l.mu.Unlock()
	return view{slices.Clone(l.segments), slices.Clone(l.ends), l.last}
}

// first returns the number of the oldest that is kept.
func (v *view) first() int64 {
	if len(v.segments) == 0 {
		return 0
	}
	return v.segments[0].first
}

// Packets returns the packets that w asks for, the latest last, and the ends. Connection is left to the caller.
func (l *Log) Packets(w protocol.Watch) protocol.Packets { return l.Since(w, 0) }

// Since returns what w asks for and came after number after, at most w.Count of it and the latest, the latest last: for the tail that
// is pushed. When another connection ended it has the ends, and all that are kept.
func (l *Log) Since(w protocol.Watch, after int64) protocol.Packets {
	v := l.view()
	p := protocol.Packets{First: v.first(), Last: v.last, Packets: []protocol.Packet{}}
	last := v.last
	if w.Last > 0 {
		last = min(last, w.Last)
	}
	want := newWanted(w)
	for i := len(v.segments) - 1; i >= 0 && len(p.Packets) < want.count; i-- {
		s := &v.segments[i]
		for j := int(min(last-s.first, int64(len(s.records)-1))); j >= 0 && len(p.Packets) < want.count; j-- {
			if s.first+int64(j) <= after {
				break
			}
			if line, ok := want.line(s, j); ok {
				p.Packets = append(p.Packets, line)
			}
		}
		if s.first <= after {
			break
		}
	}
	slices.Reverse(p.Packets)
	if n := len(v.ends); n > 0 && v.ends[n-1].Number > after {
		for _, e := range v.ends {
			if w.Device == 0 || w.Device == e.device {
				p.Ends = append(p.Ends, e.End)
			}
		}
	}
	return p
}

// wanted is what a page wants to see.
type wanted struct {
	device int
	types  []string
	text   string
	count  int
}

func newWanted(w protocol.Watch) wanted {
	want := wanted{device: w.Device, text: strings.ToLower(w.Text), count: min(max(w.Count, 0), mostPackets)}
	for name := range strings.SplitSeq(w.Type, ",") {
		if name = strings.TrimSpace(name); name != "" {
			want.types = append(want.types, strings.ToLower(name))
		}
	}
	return want
}

// line returns the line of record i of s, if it is wanted.
func (w *wanted) line(s *segment, i int) (protocol.Packet, bool) {
	r := &s.records[i]
	if w.device != 0 && r.device != w.device {
		return protocol.Packet{}, false
	}
	if w.types != nil && !slices.Contains(w.types, strings.ToLower(s.typeOf(r))) {
		return protocol.Packet{}, false
	}
	p := s.line(i)
	if w.text != "" && !strings.Contains(strings.ToLower(p.Summary+" "+p.Fault), w.text) {
		return protocol.Packet{}, false
	}
	return p, true
}

// Dissect returns a packet field by field. The error is one line, such as that the packet is no longer kept.
func (l *Log) Dissect(number int64) (protocol.Dissected, error) {
	v := l.view()
	i, found := slices.BinarySearchFunc(v.segments, number, func(s segment, n int64) int {
		switch {
		case n < s.first:
			return 1
		case n >= s.first+int64(len(s.records)):
			return -1
		}
		return 0
	})
	switch {
	case found:
	case number > v.last || number < 1:
		return protocol.Dissected{}, fmt.Errorf("packet %d is not in the log, which ends with %d; ask for one that is listed", number, v.last)
	default:
		return protocol.Dissected{}, fmt.Errorf("packet %d is no longer kept: the log begins with %d; give it more room to keep more", number, v.first())
	}
	s := &v.segments[i]
	j := int(number - s.first)
	d := protocol.Dissected{Packet: s.line(j), Fields: []protocol.Field{}}
	if s.records[j].kind == isPacket {
		d = Dissect(s.packet(&s.records[j]))
		d.Number, d.Time, d.Device = number, s.records[j].micros, s.records[j].device
	}
	return d, nil
}
