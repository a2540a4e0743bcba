package mosquittocli

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"dunlin/internal/subscribe"
	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

// journal puts the lines about packets (-d) and the messages in one order, that of Mosquitto's commands. These
// do one thing after the other: a message is acknowledged, then printed, and then the next packet is
// read. Here packets are read ahead, and messages are acknowledged once they are printed, so the
// lines of what was read wait for the message in front of them.
type journal struct {
	tracer *tracer
	lines  io.Writer // takes the lines about packets
	tool   tool

	mu      sync.Mutex
	out     io.Writer
	entries []*entry          // not written yet
	came    []*entry          // of messages that came and were not handled yet
	later   map[uint16]*entry // of QoS 2 messages that the server has not released yet
	handled *entry            // of the message that is being handled
	ended   bool              // no message is waited for
}

// entry is some text, or the place where that of a message will be.
type entry struct {
	text []byte
	done bool
}

// journal returns the journal of -d, which writes to out; nil without -d.
func (c *command) journal(out io.Writer) *journal {
	if !c.debug {
		return nil
	}
	j := &journal{out: out, tool: c.tool, later: map[uint16]*entry{}}
	j.lines = terminal.Writer((*journalLines)(j), c.StdoutTerminal)
	j.tracer = &tracer{w: j.lines, name: c.id, terminal: c.StdoutTerminal}
	return j
}

// attach has the messages of a run printed by the journal. What it passes over, the journal has to know.
func (j *journal) attach(o *subscribe.Options) {
	text, filterOut, noStale := o.Append, o.FilterOut, o.NoStale
	o.FilterOut, o.NoStale = nil, false
	o.Wanted = func(m *mqtt.Received) bool {
		j.next()
		if noStale && m.Retain || subscribe.MatchesAny(filterOut, m.Topic) {
			j.pass()
			return false
		}
		return true
	}
	o.Append = func(dst []byte, m *mqtt.Received) ([]byte, error) {
		made, err := text(nil, m)
		if err != nil {
			return dst, err
		}
		return dst, j.fill(made)
	}
}

// packets returns what Config.OnPacket is to call, which is nothing without a journal.
func (j *journal) packets() func(mqtt.TracedPacket) {
	if j == nil {
		return nil
	}
	return j.packet
}

// packet is what Config.OnPacket calls.
func (j *journal) packet(p mqtt.TracedPacket) {
	kind, body := split(p.Bytes)
	switch {
	case kind == packetPublish && !p.Sent:
		j.tracer.packet(p)
		j.arrived(p, body)
	case kind == packetPubAck && p.Sent: // was told when the message came
	case kind == packetPubComp && p.Sent:
		j.tracer.packet(p)
		j.released(body.two())
	case kind == packetSubAck && j.tool == toolSub:
		j.tracer.packet(p)
		// The Output under the journal ends the command when nothing can be written.
		_, _ = io.WriteString(j.lines, granted(p.Version, body))
	default:
		j.tracer.packet(p)
	}
}

// granted returns the line about what a server answers to a SUBSCRIBE.
func granted(v mqtt.Version, body *reader) string {
	number := body.two()
	if v == mqtt.V5 {
		body.take(body.length())
	}
	var codes []string
	for _, code := range body.rest {
		codes = append(codes, strconv.Itoa(int(code)))
	}
	return fmt.Sprintf("Subscribed (mid: %d): %s\n", number, strings.Join(codes, ", "))
}

// arrived keeps the place of a message: at QoS 2 it is not yet known.
func (j *journal) arrived(p mqtt.TracedPacket, body *reader) {
	e := &entry{}
	qos := p.Bytes[0] >> 1 & 3
	body.text()
	id := uint16(0)
	if qos > 0 {
		id = body.two()
	}
	if qos == 1 {
		_, _ = fmt.Fprintf(j.lines, "%ssending PUBACK (m%d, rc0)\n", j.tracer.client(), id)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.came = append(j.came, e)
	if qos == 2 {
		j.later[id] = e
		return
	}
	j.entries = append(j.entries, e)
}

// released has a QoS 2 message follow.
func (j *journal) released(id uint16) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e := j.later[id]; e != nil {
		delete(j.later, id)
		j.entries = append(j.entries, e)
		_ = j.flush() // the Output under the journal ends the command then
	}
}

// next goes on to the next message that came; nothing more follows of the one before it.
func (j *journal) next() {
	j.pass()
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.came) > 0 {
		j.handled, j.came = j.came[0], j.came[1:]
	}
}

// pass passes over the message that is being handled.
func (j *journal) pass() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.handled != nil {
		j.handled.done = true
		j.handled = nil
		_ = j.flush() // the Output under the journal ends the command when nothing can be written
	}
}

// fill puts in the text of the message that is being handled.
func (j *journal) fill(text []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.handled == nil {
		j.handled = &entry{}
		j.entries = append(j.entries, j.handled)
	}
	j.handled.text, j.handled.done = text, true
	j.handled = nil
	return j.flush()
}

// journalLines is a journal that takes lines about packets.
type journalLines journal

// Write takes a line about a packet.
func (l *journalLines) Write(line []byte) (int, error) {
	j := (*journal)(l)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, &entry{text: append([]byte(nil), line...), done: true})
	return len(line), j.flush()
}

// flush writes up to the first message whose text is not known yet.
func (j *journal) flush() error {
	for len(j.entries) > 0 && (j.entries[0].done || j.ended) {
		e := j.entries[0]
		j.entries = j.entries[1:]
		if _, err := j.out.Write(e.text); err != nil {
			return err
		}
	}
	return nil
}

// close writes what is left, without messages that were not wanted any more. Mosquitto's commands say
// goodbye to a server that has refused them, too, which has closed the connection by then.
func (j *journal) close(err error) {
	var refused *mqtt.ConnectError
	if errors.As(err, &refused) {
		// The Output under the journal ends the command when nothing can be written.
		_, _ = io.WriteString(j.lines, j.tracer.client()+"sending DISCONNECT\n")
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = true
	_ = j.flush() // as above
}
