package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dunlin/mqtt"
)

// naming is a template of a name that was looked at.
type naming struct {
	t   *Template
	err error
}

// names parses a template of a name, which may name only some of the values.
func (c *checker) names(text string, allowed []string) naming {
	t, err := ParseTemplate(text, c.s.Seed)
	if err != nil {
		return naming{err: err}
	}
	for _, field := range t.used {
		if !slices.Contains(allowed, field) {
			return naming{err: fmt.Errorf("{{.%s}} means nothing here; there are .%s", field, strings.Join(allowed, ", ."))}
		}
	}
	return naming{t: t}
}

// of returns the name for a client of the group, counted from 0.
func (n naming) of(g *Group, client int) string {
	b, err := n.t.Append(nil, g.values(client))
	if err != nil {
		return ""
	}
	return string(b)
}

// values are those of a client of the group, counted from 0, with a client identifier that stands for its own.
func (g *Group) values(client int) *Values {
	return &Values{Client: g.First + client, Group: g.Name, ClientID: "c", Username: "u"}
}

// checkFilter says why nobody can subscribe to filter.
func checkFilter(filter string) error {
	s := mqtt.Subscription{Filter: filter, Handler: nil}
	return what(s.Validate(mqtt.VersionAuto))
}

// Length is that of all phases; 0 if the last one ends with the messages.
func (s *Scenario) Length() time.Duration {
	var sum time.Duration
	for _, p := range s.Phases {
		if p.Duration == 0 {
			return 0
		}
		sum += p.Duration
	}
	return sum
}

// filterOf returns the filter of all topics that a template makes: what is made becomes +.
func filterOf(topic string) string {
	levels := strings.Split(withoutExpressions(topic), "/")
	for i, level := range levels {
		if strings.Contains(level, "\x00") {
			levels[i] = "+"
		}
	}
	return strings.Join(levels, "/")
}

// withoutExpressions puts a NUL, which no topic has, in place of each expression.
func withoutExpressions(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte(0)
		_, text, _ = strings.Cut(rest, "}}")
	}
}
