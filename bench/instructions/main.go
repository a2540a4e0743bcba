// Command instructions counts what a message costs in instructions of the processor, for programs that use
// the library and for scripts, under Valgrind, and for Arm under QEMU. Times differ from machine to machine
// and from run to run; these counts move by 1 or 2 %, so that a test sees a path that became dearer by a
// tenth. With -write it renews the table that the test goes by, and the page that shows it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "instructions:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("instructions", flag.ContinueOnError)
	page := flags.String("write", "", "renew table.json, and the table in this `page`")
	keep := flags.String("keep", "", "leave the profiles in this `folder`, for callgrind_annotate")
	only := flags.String("paths", "", "count only the paths with this `text` in their name, such as \"amd64 library recv\"; the table stays")
	rounds := flags.Int("rounds", 3, "take the median of so many `counts` of each path")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *rounds < 1 {
		return fmt.Errorf("takes options only, and at least one round; see --help")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *only != "" && *page != "" {
		return fmt.Errorf("-write renews the whole table: leave -paths out")
	}
	paths := slices.DeleteFunc(allPaths(amd64, arm64, arm), func(p path) bool { return !strings.Contains(p.String(), *only) })
	if len(paths) == 0 {
		return fmt.Errorf("no path has %q in its name; leave -paths out to see all", *only)
	}
	c, err := newCounter(ctx, *keep, architectures(paths)...)
	if err != nil {
		return err
	}
	defer c.close()
	costs, err := c.costs(ctx, paths, *rounds)
	if err != nil {
		return err
	}
	old, err := readTable(tableFile)
	if err != nil {
		return err
	}
	for i, p := range paths {
		fmt.Printf("%-24s %6d, in the table %6d\n", p, costs[i], old.cost(p))
	}
	if *page == "" {
		return nil
	}
	return renew(old, costs, *page)
}

// architectures returns those of the paths.
func architectures(paths []path) (all []string) {
	for _, p := range paths {
		if !slices.Contains(all, p.Arch) {
			all = append(all, p.Arch)
		}
	}
	return all
}

// renew writes the costs to the table, and the table to the page.
func renew(old table, costs []int, page string) error {
	t := old.renewed(costs)
	if err := t.write(tableFile); err != nil {
		return err
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	filled, err := t.fill(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(filled), 0o644)
}
