package harness

import (
	"fmt"
	"sync"
	"time"
)

// entry is what is known of one message.
type entry struct {
	writes, deliveries, handled uint8 // how often it went to a server, came from one, and was given to the handler
	acked                       bool  // a server acknowledged it
	taken                       bool  // the subscriber's client acknowledged it to a server
	done                        bool  // the client said that its publish is complete
	wrong                       bool  // the client said something that was not so
}

// stream is the messages of one publisher, all of them for one subscriber.
type stream struct {
	mu         sync.Mutex
	entries    []entry
	highest    int // number handled, from 1; 0: none
	disordered int
	failed     []error
	under      int           // published and not failed, and not both complete and handled
	longest    time.Duration // from the call of Publish to the handler, since it was last asked for
}

// book keeps the account of all streams.
type book struct{ streams []stream }

func newBook(streams int) *book { return &book{streams: make([]stream, streams)} }

// next gives the next message of a stream its number, unless as many as window are under way.
func (b *book) next(s, window int) (m mark, ok bool) {
	st := &b.streams[s]
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.under >= window {
		return mark{}, false
	}
	st.under++
	st.entries = append(st.entries, entry{})
	return mark{stream: uint32(s), number: uint32(len(st.entries) - 1), at: time.Now()}, true
}

// with runs f on the entry of a mark. One that nobody published is none of this run.
func (b *book) with(m mark, f func(*stream, *entry)) {
	if int(m.stream) >= len(b.streams) {
		return
	}
	st := &b.streams[m.stream]
	st.mu.Lock()
	defer st.mu.Unlock()
	if int(m.number) < len(st.entries) {
		f(st, &st.entries[m.number])
	}
}

func (b *book) wrote(m mark)     { b.with(m, func(_ *stream, e *entry) { count(&e.writes) }) }
func (b *book) acked(m mark)     { b.with(m, func(_ *stream, e *entry) { e.acked = true }) }
func (b *book) delivered(m mark) { b.with(m, func(_ *stream, e *entry) { count(&e.deliveries) }) }

// taken: the subscriber's client acknowledges it to a server, for which the handler has to have it.
func (b *book) taken(m mark) {
	b.with(m, func(_ *stream, e *entry) {
		e.taken, e.wrong = true, e.wrong || e.handled == 0
	})
}

// ended: the client said how the publish ended. For a good end there has to be a server's word.
func (b *book) ended(m mark, err error) {
	b.with(m, func(st *stream, e *entry) {
		if err != nil {
			st.failed = append(st.failed, err)
			st.under--
			return
		}
		e.done, e.wrong = true, e.wrong || !e.acked
		if e.handled > 0 {
			st.under--
		}
	})
}

// subscriber returns for whom the messages of a stream are.
func (b *book) subscriber(s int) int { return (s + len(b.streams)/2) % len(b.streams) }

// handled: the handler of that subscriber got it. Those of others are not for it.
func (b *book) handled(m mark, subscriber int) {
	b.with(m, func(st *stream, e *entry) {
		if b.subscriber(int(m.stream)) != subscriber {
			e.wrong = true
			return
		}
		count(&e.handled)
		number := int(m.number) + 1
		if e.handled == 1 && number < st.highest {
			st.disordered++
		}
		st.highest = max(st.highest, number)
		if e.handled == 1 {
			if e.done {
				st.under--
			}
			st.longest = max(st.longest, time.Since(m.at))
		}
	})
}

func count(n *uint8) {
	if *n < 255 {
		*n++
	}
}

// slowest returns the longest time from Publish to the handler since it was last called.
func (b *book) slowest() time.Duration {
	var longest time.Duration
	for i := range b.streams {
		st := &b.streams[i]
		st.mu.Lock()
		longest = max(longest, st.longest)
		st.longest = 0
		st.mu.Unlock()
	}
	return longest
}

// missing counts the messages that are still to be completed or handled.
func (b *book) missing() (unfinished, unhandled int) {
	for i := range b.streams {
		st := &b.streams[i]
		st.mu.Lock()
		for _, e := range st.entries {
			if !e.done {
				unfinished++
			}
			if e.handled == 0 {
				unhandled++
			}
		}
		unfinished -= len(st.failed)
		st.mu.Unlock()
	}
	return unfinished, unhandled
}

// Account is what became of the messages. Each was for one subscriber.
type Account struct {
	Published int // that the client accepted
	Handled   int // that came to the subscriber's handler, each counted once
	// Failed are those whose publish ended with an error.
	Failed int
	// Unfinished are those whose publish had not ended when the run did.
	Unfinished int
	// LostByCluster are those that a server acknowledged and that no server delivered until they were acknowledged to it:
	// seen on the wire.
	LostByCluster int
	// LostByClient are those that the client called published without a server's word, or acknowledged to a server
	// though the handler did not get them.
	LostByClient int
	// Wrong are those of which the client said what was not so, though they may have come: it called them published
	// without a server's word, acknowledged them before the handler had them, or gave them to another's handler.
	Wrong int
	// Doubled are those that came to the handler more than once. At QoS 1 that may be: DoubledByPublisher were sent again
	// since no acknowledgement had come, DoubledByCluster were sent once and delivered again, and DoubledByClient came
	// to the handler more often than a server delivered them, which may not be.
	Doubled, DoubledByPublisher, DoubledByCluster, DoubledByClient int
	// Disordered are those that came for the first time after a later one.
	Disordered int
	// SentAgain are those that were written to a server more than once.
	SentAgain int
	// Named are the first that were lost, a line each, and the first errors.
	Named []string `json:",omitempty"`
}

func (b *book) account() Account {
	var a Account
	for i := range b.streams {
		st := &b.streams[i]
		st.mu.Lock()
		a.Published += len(st.entries)
		a.Disordered += st.disordered
		a.Failed += len(st.failed)
		for _, err := range st.failed {
			a.name("client %d: a publish ended with: %v", i, err)
		}
		a.Unfinished -= len(st.failed)
		for number, e := range st.entries {
			a.add(i, number, e)
		}
		st.mu.Unlock()
	}
	return a
}

func (a *Account) add(s, number int, e entry) {
	if e.writes > 1 {
		a.SentAgain++
	}
	if !e.done {
		a.Unfinished++
	}
	if e.wrong {
		a.Wrong++
		a.name("client %d: of message %d the client said what was not so: %+v", s, number, e)
	}
	switch {
	case e.handled > 0:
		a.Handled++
	case e.taken, e.done && !e.acked:
		a.LostByClient++
		a.name("client %d: message %d was lost by the client: %+v", s, number, e)
	case e.acked:
		a.LostByCluster++
		a.name("client %d: message %d was lost by the cluster: %+v", s, number, e)
	}
	if e.handled < 2 {
		return
	}
	a.Doubled++
	switch {
	case e.handled > e.deliveries:
		a.DoubledByClient++
		a.name("client %d: message %d was doubled by the client: %+v", s, number, e)
	case e.writes > 1:
		a.DoubledByPublisher++
	default:
		a.DoubledByCluster++
	}
}

// name keeps the first lines.
func (a *Account) name(format string, args ...any) {
	if len(a.Named) < 20 {
		a.Named = append(a.Named, fmt.Sprintf(format, args...))
	}
}
