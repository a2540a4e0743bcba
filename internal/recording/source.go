package recording

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"dunlin/internal/feed"
	"dunlin/internal/subscribe"
	"dunlin/mqtt"
)

// Choice says which messages of a recording are wanted, and under which topics.
type Choice struct {
	Filters, FilterOut []string // of topics; no Filters: all
	From, To           Moment   // unset: from the beginning, to the end
	Maps               []Map
}

// Moment is a time, or how long after the first message of the recording.
type Moment struct {
	At    time.Time
	After time.Duration
	set   bool
}

// ParseMoment reads a time of RFC 3339, or how long after the beginning, as 90s or 1h5m.
func ParseMoment(text string) (Moment, error) {
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return Moment{At: at, set: true}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return Moment{After: d, set: true}, nil
	}
	return Moment{}, fmt.Errorf("%q is neither a time as 2026-05-01T12:00:00Z nor how long after the beginning, as 90s or 1h5m", text)
}

// IsAfter reports whether m is later than o in any recording: times of day and times after the first message are not compared.
func (m Moment) IsAfter(o Moment) bool {
	return m.set && o.set && m.At.IsZero() == o.At.IsZero() && (m.At.After(o.At) || m.After > o.After)
}

// of returns the time in a recording that begins at first.
func (m Moment) of(first time.Time) time.Time {
	if m.At.IsZero() {
		return first.Add(m.After)
	}
	return m.At
}

// Map puts a topic, and all below it, under another one. An empty Old means all topics.
type Map struct{ Old, New string }

// ParseMap reads OLD=NEW.
func ParseMap(text string) (Map, error) {
	old, replacement, ok := strings.Cut(text, "=")
	if !ok || replacement == "" {
		return Map{}, fmt.Errorf("%q is not OLD=NEW, such as home=test/home, or =test to put all below test", text)
	}
	return Map{old, replacement}, nil
}

// apply returns the topic to publish to, by the first map that says something about it.
func (c *Choice) apply(topic string) string {
	for _, m := range c.Maps {
		switch {
		case m.Old == "":
			return m.New + "/" + topic
		case topic == m.Old:
			return m.New
		case strings.HasPrefix(topic, m.Old+"/"):
			return m.New + topic[len(m.Old):]
		}
	}
	return topic
}

// Scan gives the messages of a recording that are wanted.
type Scan struct {
	Choice
	r     *Reader
	first time.Time // of the recording
}

// NewScan returns the wanted messages of r.
func NewScan(r *Reader, c Choice) *Scan { return &Scan{Choice: c, r: r} }

// Next returns the next wanted message under its topic to publish, io.EOF after the last, and the errors of Reader.Next.
func (s *Scan) Next() (Entry, error) {
	for {
		e, err := s.r.Next()
		if err != nil {
			return Entry{}, err
		}
		if s.first.IsZero() {
			s.first = e.Time
		}
		if !s.wants(&e) {
			continue
		}
		e.Message.Topic = s.apply(e.Message.Topic)
		if err := e.Message.Validate(mqtt.V5); err != nil {
			return Entry{}, lineError(e.Line, err)
		}
		return e, nil
	}
}

// wants does not end at To: a recording that was put together of several may go back in time.
func (s *Scan) wants(e *Entry) bool {
	switch {
	case s.From.set && e.Time.Before(s.From.of(s.first)), s.To.set && e.Time.After(s.To.of(s.first)):
		return false
	case len(s.Filters) > 0 && !subscribe.MatchesAny(s.Filters, e.Message.Topic):
		return false
	}
	return !subscribe.MatchesAny(s.FilterOut, e.Message.Topic)
}

// Paced gives the messages of a recording when they are due: with the pauses between them in which they came, divided by a
// speed. It is a feed.Source.
type Paced struct {
	// Open opens the recording; it is called once, and again at each end for Loop. What it returns is closed at its end.
	Open func() (io.ReadCloser, error)
	Choice
	// Speed is how many times faster than it came; 0: without pauses.
	Speed float64
	// Loop begins again at the end, for ever.
	Loop bool

	file    io.Closer
	scan    *Scan
	round   int       // messages of this round
	next    *Entry    // is to be given
	failure error     // is to be given instead
	start   time.Time // of the round, by the clock
	first   time.Time // of the round, in the recording
	due     time.Time
	line    int
}

// Ready waits until the next message is due. When ctx ends first the error is its cause, and nothing is lost.
func (p *Paced) Ready(ctx context.Context) error {
	if err := p.read(); err != nil {
		return err
	}
	wait := time.Until(p.due)
	if p.failure != nil || p.Speed == 0 || wait <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Next waits for the next message.
func (p *Paced) Next(ctx context.Context) (mqtt.Message, error) {
	if err := p.Ready(ctx); err != nil {
		return mqtt.Message{}, err
	}
	if err := p.failure; err != nil {
		p.failure = nil
		return mqtt.Message{}, err
	}
	m := p.next.Message
	p.next = nil
	return m, nil
}

// Line returns the number of the line of the last message.
func (p *Paced) Line() int { return p.line }

// read reads ahead the next message, or what failed with it. io.EOF is the end.
func (p *Paced) read() error {
	for p.next == nil && p.failure == nil {
		if err := p.open(); err != nil {
			return err
		}
		e, err := p.scan.Next()
		var wrong *feed.LineError
		switch {
		case err == nil:
			p.schedule(&e)
		case errors.As(err, &wrong):
			p.line, p.failure = wrong.Line, err
		case errors.Is(err, io.EOF) && p.Loop && p.round > 0:
			p.Close()
		default:
			return err
		}
	}
	return nil
}

// open opens the recording unless it is open.
func (p *Paced) open() error {
	if p.scan != nil {
		return nil
	}
	f, err := p.Open()
	if err != nil {
		return err
	}
	r, err := NewReader(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	p.file, p.scan, p.round = f, NewScan(r, p.Choice), 0
	return nil
}

// Close closes the recording. Nothing is read after it, unless it is opened again by the next call of another method.
func (p *Paced) Close() {
	if p.file != nil {
		_ = p.file.Close() // it was only read
		p.file, p.scan = nil, nil
	}
}

// Peek returns the next message without waiting for its time, and what Next would return as an error. It stays the next one.
func (p *Paced) Peek() (Entry, error) {
	if err := p.read(); err != nil {
		return Entry{}, err
	}
	if p.failure != nil {
		return Entry{}, p.failure
	}
	return *p.next, nil
}

// Skip takes away what Peek has returned.
func (p *Paced) Skip() { p.next, p.failure = nil, nil }

// schedule says when a message is due. One that is older than the one before is due at once.
func (p *Paced) schedule(e *Entry) {
	if p.round == 0 {
		p.start, p.first, p.due = time.Now(), e.Time, time.Time{}
	}
	p.round++
	p.next, p.line = e, e.Line
	if p.Speed > 0 {
		p.due = p.start.Add(divided(e.Time.Sub(p.first), p.Speed))
	}
}

// divided returns d divided by a speed, or the longest time that there is where it would be longer.
func divided(d time.Duration, speed float64) time.Duration {
	const longest = math.MaxInt64
	if slow := float64(d) / speed; slow < longest {
		return time.Duration(max(slow, -longest))
	}
	return longest
}

// Cut tells whether what was read last was compressed and has no end: it is not written to its end, or was cut short.
func (p *Paced) Cut() bool { return p.scan != nil && p.scan.r.Cut() }
