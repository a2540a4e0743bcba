package verify

import "strings"

// wants finds the subscriptions that want a topic, by the levels of their filters: ten thousand clients may each have a filter of their own.
type wants struct {
	next map[string]*wants // by level, also "+" and "#"
	here []Wanted          // whose filter ends here
}

func indexWants(all []Wanted) *wants {
	root := &wants{}
	for _, w := range all {
		x := root
		for level := range strings.SplitSeq(w.Filter, "/") {
			if x.next == nil {
				x.next = map[string]*wants{}
			}
			if x.next[level] == nil {
				x.next[level] = &wants{}
			}
			x = x.next[level]
		}
		x.here = append(x.here, w)
	}
	return root
}

// of returns those that want the messages to a topic, or the answers to them.
func (x *wants) of(topic string) []Wanted {
	var all []Wanted
	for _, answers := range []bool{false, true} {
		t := topic
		if answers {
			t += Answer
		}
		x.each(strings.Split(t, "/"), strings.HasPrefix(t, "$"), func(w *Wanted) {
			if w.Answers == answers {
				all = append(all, *w)
			}
		})
	}
	return all
}

// each calls found for all whose filter matches the levels. Wildcards do not match a first level with a $.
func (x *wants) each(levels []string, dollar bool, found func(*Wanted)) {
	if rest := x.next["#"]; rest != nil && !dollar { // also where no level is left
		rest.all(found)
	}
	if len(levels) == 0 {
		x.all(found)
		return
	}
	if plus := x.next["+"]; plus != nil && !dollar {
		plus.each(levels[1:], false, found)
	}
	if same := x.next[levels[0]]; same != nil {
		same.each(levels[1:], false, found)
	}
}

func (x *wants) all(found func(*Wanted)) {
	for i := range x.here {
		found(&x.here[i])
	}
}
