package topics

import (
	"bytes"
	"strings"
	"time"

	"dunlin/internal/subscribe"
)

// search is what a viewer looks for, and where it was found. Values change, so it is repeated, once in a while.
type search struct {
	text    string
	match   matcher
	shown   bits // nodes that are found, and those above them
	folds   folds
	found   int   // topics
	counted int64 // messages of the tree when it was done
	done    time.Time
}

// newSearch returns a search that was not done yet. All branches are open in what it finds.
func newSearch(text string) *search {
	return &search{text: text, match: newMatcher(text), folds: folds{open: true}}
}

// How much is looked through while the lock is held.
const (
	searchTopics = 256
	searchBytes  = 256 << 10
)

// run looks through all topics.
func (s *search) run(t *Tree, now time.Time) {
	t.store.mu.RLock()
	list, all := t.list, t.nodes
	s.counted = all.at(0).messages
	t.store.mu.RUnlock()
	s.done, s.found, s.shown = now, 0, bits{}
	for len(list) > 0 {
		var hits []uint32
		hits, list = s.some(t, &all, list)
		s.found += len(hits)
		for _, id := range hits {
			for id != 0 && !s.shown.has(id) {
				s.shown.set(id, true)
				id = all.at(id).parent
			}
		}
	}
}

// some looks through some topics of a list, and returns those that match, and the rest of the list.
func (s *search) some(t *Tree, all *nodes, list []uint32) (hits, rest []uint32) {
	t.store.mu.RLock()
	if t.nodes.root() != all.root() { // closed or begun again meanwhile, so that places in the log are not kept up
		t.store.mu.RUnlock()
		return nil, nil
	}
	var beside []uint32 // topics whose values are read without the lock, for they are long and never change
	var bodies [][]byte
	read := 0
	for len(list) > 0 && len(hits)+len(beside) < searchTopics && read < searchBytes {
		id := list[0]
		list = list[1:]
		one := all.at(id).topic
		read += len(one.name)
		if s.match.name(one.name) {
			hits = append(hits, id)
			continue
		}
		if s.match.filter || one.last == 0 {
			continue
		}
		r, body := t.store.log.record(one.last), t.store.log.body(one.last)
		if r.flag(isLarge) {
			beside, bodies = append(beside, id), append(bodies, body[:r.payload()])
			continue
		}
		body = body[:min(r.payload(), len(body))]
		read += len(body)
		if s.match.in(body) {
			hits = append(hits, id)
		}
	}
	t.store.mu.RUnlock()
	for i, id := range beside {
		if s.match.in(bodies[i]) {
			hits = append(hits, id)
		}
	}
	return hits, list
}

// matcher tells what a search means: a filter of MQTT, if one of its levels is a wildcard, else text that is in a topic or in
// its latest value. Text is looked for without regard to capitals.
type matcher struct {
	text   []byte // in small letters
	plain  bool   // of ASCII
	whole  string
	filter bool
}

func newMatcher(text string) matcher {
	m := matcher{text: []byte(strings.ToLower(text)), whole: text, filter: isFilter(text), plain: true}
	for _, c := range m.text {
		m.plain = m.plain && c < 0x80
	}
	return m
}

// isFilter tells whether text is a filter with a wildcard (MQTT 5 section 4.7.1).
func isFilter(text string) bool {
	wild := false
	for more := true; more; {
		var level string
		level, text, more = strings.Cut(text, "/")
		switch {
		case level == "+":
			wild = true
		case level == "#":
			return !more
		case strings.ContainsAny(level, "+#"):
			return false
		}
	}
	return wild
}

// name tells whether a topic matches by its name.
func (m *matcher) name(topic string) bool {
	if m.filter {
		return subscribe.Matches(m.whole, topic)
	}
	if m.plain {
		return containsFold(topic, m.text)
	}
	return strings.Contains(strings.ToLower(topic), string(m.text))
}

// in tells whether a value has the text.
func (m *matcher) in(b []byte) bool {
	if m.plain {
		return containsFold(b, m.text)
	}
	return bytes.Contains(bytes.ToLower(b), m.text)
}

// containsFold tells whether s has the text, which is of ASCII and in small letters.
func containsFold[T string | []byte](s T, text []byte) bool {
	if len(text) == 0 {
		return true
	}
	for i := 0; i+len(text) <= len(s); i++ {
		n := 0
		for n < len(text) && small(s[i+n]) == text[n] {
			n++
		}
		if n == len(text) {
			return true
		}
	}
	return false
}

func small(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
