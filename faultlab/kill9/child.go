package kill9

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"dunlin/faultlab/internal/ledger"
)

// childVariable is the environment variable that makes a process the child.
const childVariable = "FAULTLAB_KILL9_CHILD"

// How the child writes to its parent, one line an event. Each line is one write
// to a pipe, so that a kill takes it whole or not at all.
const (
	lineStarted  = "s"
	lineAccepted = "a" // number
	lineEffect   = "e" // QoS, sequence, payload in hexadecimal
	lineSkipped  = "k" // the same, of a message that the journal has already
	lineFault    = "f" // what the client could not do
)

// orders are what the parent asks of a child.
type orders struct {
	Client   string
	Side     string
	Address  string // host:port of the peer
	Folder   string // of the store
	Version  byte
	QoS      []byte // by turns
	Stream   uint32 // of the numbers of the messages published
	Messages int    // how many at most
	Journal  uint64 // highest sequence of the effects already there
}

// IsChild reports whether this process was started as a child that will be killed.
func IsChild() bool { return os.Getenv(childVariable) != "" }

// Child does what the parent ordered until it is killed. It returns only when it
// cannot start.
func Child() (exit int) {
	var o orders
	if err := json.Unmarshal([]byte(os.Getenv(childVariable)), &o); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "faultlab kill9: orders of the child: %v\n", err)
		return 2
	}
	c := &child{orders: o}
	tell(lineStarted)
	publish, err := drivers[o.Client].start(&c.orders, c.effect)
	if err != nil {
		report(err)
		return 1
	}
	if o.Side == sidePublisher {
		c.publishAll(publish)
	}
	select {} // the parent kills
}

// child is the state of a child.
type child struct {
	orders
	mu   sync.Mutex
	next int
}

// tell writes one line to the parent.
func tell(fields ...any) {
	line := fmt.Sprintln(fields...)
	if _, err := os.Stdout.WriteString(line); err != nil {
		os.Exit(3) // the parent is gone
	}
}

// report tells the parent what went wrong.
func report(err error) { tell(lineFault, strings.ReplaceAll(err.Error(), "\n", " ")) }

// publishers is how many messages are handed to the client at a time, so that one
// commit of its store can hold several.
const publishers = 4

// publishAll publishes the messages, about one a millisecond, and tells of each
// that the client accepted.
func (c *child) publishAll(publish publishFunc) {
	var tasks sync.WaitGroup
	for range publishers {
		tasks.Go(func() {
			tick := time.NewTicker(publishers * time.Millisecond)
			defer tick.Stop()
			for range tick.C {
				index, ok := c.take()
				if !ok {
					return
				}
				n := ledger.NewNumber(c.Stream, uint32(index))
				err := publish(context.Background(), ledger.AppendPayload(nil, n), c.QoS[index%len(c.QoS)])
				if err == nil {
					tell(lineAccepted, uint64(n))
				}
			}
		})
	}
	tasks.Wait()
}

func (c *child) take() (index int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	return c.next - 1, c.next <= c.Messages
}

// effect is what the subscriber does with a message: it writes it down with its
// sequence, unless the sequence says that it has done so. Sequence 0 is of a
// message, or a client, that has none.
func (c *child) effect(qos byte, sequence uint64, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kind := lineEffect
	if sequence != 0 && sequence <= c.Journal {
		kind = lineSkipped
	}
	c.Journal = max(c.Journal, sequence)
	tell(kind, qos, sequence, fmt.Sprintf("%x", payload))
}

// event is a line of the child.
type event struct {
	kind     string
	number   ledger.Number
	qos      byte
	sequence uint64
	payload  []byte
	text     string
}

// readEvents calls f with each whole line of the child until it is dead. A last
// line without an end is not an event: its write did not happen.
func readEvents(r *bufio.Reader, f func(event)) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		var e event
		kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		e.kind = kind
		switch kind {
		case lineStarted:
		case lineAccepted:
			_, err = fmt.Sscan(rest, &e.number)
		case lineEffect, lineSkipped:
			_, err = fmt.Sscanf(rest, "%d %d %x", &e.qos, &e.sequence, &e.payload)
		default:
			e.kind, e.text = lineFault, rest // also what a library prints
		}
		if err != nil {
			e.kind, e.text = lineFault, fmt.Sprintf("%q: %v", line, err)
		}
		f(e)
	}
}
