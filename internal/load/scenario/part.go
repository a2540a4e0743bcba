package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Part returns what one of several processes does of a scenario that they run together: its share of the clients of each group,
// with the numbers that they have in the whole, and of connects a second. A group of fewer clients than there are processes is run by
// the first of them, and stays with the others as one without clients, for phases name it. Part counts from 1.
func (s Scenario) Part(part, of int) (Scenario, error) {
	if part < 1 || part > of {
		return s, fmt.Errorf("there is no part %d of %d", part, of)
	}
	s.Groups = slices.Clone(s.Groups)
	clients, publishes := 0, false
	for i := range s.Groups {
		g := &s.Groups[i]
		from, to := share(g.Clients, part-1, of), share(g.Clients, part, of)
		g.Rate *= float64(to-from) / float64(g.Clients)
		g.First += from
		g.Clients = to - from
		clients += g.Clients
		publishes = publishes || g.Clients > 0 && len(g.Publish) > 0
	}
	switch {
	case clients == 0:
		return s, fmt.Errorf("there are too few clients for part %d of %d", part, of)
	case !publishes && s.Length() == 0:
		return s, fmt.Errorf("part %d of %d only subscribes, and the load ends with what is published; give it a duration", part, of)
	}
	s.Seed += uint64(part - 1)
	return s, nil
}

// share returns how many of n the first of so many processes have together.
func share(n, first, of int) int {
	return int((int64(n)*int64(first) + int64(of) - 1) / int64(of))
}

// ParsePart reads which part of how many: 2/4.
func ParsePart(text string) (part, of int, err error) {
	a, b, _ := strings.Cut(text, "/")
	part, errA := strconv.Atoi(a)
	of, errB := strconv.Atoi(b)
	if errA != nil || errB != nil || part < 1 || part > of || of > mostClients {
		return 0, 0, errors.New(strconv.Quote(text) + " is not a part such as 2/4, the second of four")
	}
	return part, of, nil
}
