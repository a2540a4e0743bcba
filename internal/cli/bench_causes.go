package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dunlin/internal/load/result"
)

// causesPrinted is how many causes stand below the counts; the page of --report has more of those of connections.
const causesPrinted = 5

// printCauses says why connections were refused and lost, and messages failed: a count by itself leaves that to guess. Links that
// the load itself breaks have no cause.
func printCauses(b *strings.Builder, r *result.Result) {
	connections := slices.DeleteFunc(result.Causes(r.Events), func(c result.Cause) bool { return c.Detail == "" })
	lines := make([]string, 0, len(connections)+len(r.Faults))
	for _, c := range connections {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s", c.Group, c.Kind, timesOf(int64(c.Times)), c.Detail))
	}
	printSome(b, lines)
	if len(lines) > 0 && r.EventLost > 0 {
		fmt.Fprintf(b, "and %s more events, which are in the counts alone\n", grouped(int64(r.EventLost)))
	}
	faults := slices.SortedFunc(maps.Keys(r.Faults), func(x, y string) int {
		return cmp.Or(cmp.Compare(r.Faults[y], r.Faults[x]), cmp.Compare(x, y))
	})
	lines = lines[:0]
	for _, text := range faults {
		lines = append(lines, fmt.Sprintf("publish failed %s: %s", timesOf(r.Faults[text]), text))
	}
	printSome(b, lines)
}

func timesOf(n int64) string {
	if n == 1 {
		return "once"
	}
	return grouped(n) + " times"
}

// printSome prints the first lines, and how many there are more, behind an empty one.
func printSome(b *strings.Builder, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", strings.Join(lines[:min(len(lines), causesPrinted)], "\n"))
	if more := len(lines) - causesPrinted; more > 0 {
		fmt.Fprintf(b, "and %d more causes\n", more)
	}
}
