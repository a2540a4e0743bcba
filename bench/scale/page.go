//go:build linux

package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// section is a part of the page that the figures make.
type section struct{ name, text string }

// sections returns all of them.
func sections(f *figures, servers []published) []section {
	return []section{
		{"machine", f.Machine + "; " + f.Go + ". " + fmt.Sprintf("%s clients in a process; memory the largest, CPU the least of %d rounds.\n",
			whole(float64(f.Clients)), f.Rounds)},
		{"cost", f.costs()},
		{"million", f.million()},
		{"storm", f.storm()},
		{"published", publishedTable(servers)},
		{"servers", f.servers()},
		{"check", f.checks()},
	}
}

func begin(name string) string { return "<!-- scale " + name + " -->\n" }
func end(name string) string   { return "<!-- end of scale " + name + " -->" }

// fill puts the sections between their markers.
func fill(page string, sections []section) (string, error) {
	for _, s := range sections {
		before, rest, ok := strings.Cut(page, begin(s.name))
		_, after, closed := strings.Cut(rest, end(s.name))
		if !ok || !closed {
			return "", fmt.Errorf("no %q with %q behind it", strings.TrimSpace(begin(s.name)), end(s.name))
		}
		page = before + begin(s.name) + s.text + end(s.name) + after
	}
	return page, nil
}

// table makes one whose first column is text and whose others are figures.
func table(head string, rows [][]string) string {
	columns := strings.Split(head, "|")
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n| --- |%s\n", strings.Join(columns, " | "), strings.Repeat(" ---: |", len(columns)-1))
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r, " | "))
	}
	return b.String()
}

func (f *figures) costs() string {
	var rows [][]string
	for _, c := range f.Kinds {
		rows = append(rows, []string{
			c.Kind, kib(c.Heap), kib(c.Stack), strconv.Itoa(int(math.Round(c.Goroutines))), kib(c.Rest), kib(c.Busy), digits(c.Base / mebi),
			digits(c.Connect), digits(c.Ping), digits(c.Message), sent(c.JoinWire), sent(c.PingWire), sent(c.MsgWire),
		})
	}
	return table("one client|heap, KiB|stacks, KiB|goroutines|RSS at rest, KiB|RSS at work, KiB|process with one client, MiB|"+
		"connect, µs|ping, µs|message, µs|connect, bytes|ping, bytes|message, bytes", rows)
}

func (f *figures) million() string {
	var rows [][]string
	for _, c := range f.Kinds {
		n := compute(&c, f.Socket)
		bound := "CPU"
		if n.boundByMemory {
			bound = "memory"
		}
		rows = append(rows, []string{
			c.Kind, digits(n.memory / gibi), digits(n.kernel / gibi), digits(n.pings), digits(n.messages),
			digits(n.pingBits / 1e6), digits(n.msgBits / 1e6), fmt.Sprintf("%d (%s)", n.machines, bound),
			whole(float64(n.clients)), strconv.Itoa(n.addresses), whole(float64(n.files)),
		})
	}
	return table("a million clients|RSS, GiB|kernel, GiB|cores: a ping a minute|cores: a message a minute|Mbit/s: pings|Mbit/s: messages|"+
		"machines|clients on each|addresses of each|open files of each", rows)
}

func (f *figures) storm() string {
	plain, err := f.kind("device, TCP")
	safe, err2 := f.kind("device, TLS")
	if err != nil || err2 != nil {
		return ""
	}
	delays := []float64{1, 20, 60, 300}
	var rows [][]string
	withTLS := storms(&safe, delays...)
	for i, s := range storms(&plain, delays...) {
		rows = append(rows, []string{
			fmt.Sprintf("%.0f s", s.delay), whole(s.connects), whole(s.onEach), digits(s.processors), digits(withTLS[i].processors),
		})
	}
	return table("`Reconnect.MinDelay`|connects a second|on each node left|cores of the clients, TCP|cores of the clients, TLS", rows)
}

func publishedTable(servers []published) string {
	var rows [][]string
	for _, p := range servers {
		s := serve(&p)
		each := known(s.each, kib)
		if s.atMost {
			each = "at most " + each
		}
		rows = append(rows, []string{
			p.Server, p.Test, known(p.Connections/1e6, digits), known(float64(p.Nodes), whole), known(float64(p.Cores), whole),
			each, known(s.rate, whole), known(float64(s.nodes), whole),
			known(s.memory/gibi, digits), known(s.delay, func(x float64) string { return digits(x) + " s" }), p.Source + ", " + p.Date,
		})
	}
	return table("server|what they did|connections, millions|nodes|cores of each|KiB a connection|connects a second and node|"+
		"nodes for a million|memory for a million, GiB|`MinDelay` for a lost node|source", rows)
}

func (f *figures) servers() string {
	var rows [][]string
	for _, s := range f.Servers {
		what := "connected alone"
		if s.Device {
			what = "session kept, subscription at QoS 1"
		}
		rows = append(rows, []string{s.Server, what, kib(s.Each), digits(s.Each * devices / gibi)})
	}
	return table("one node here|clients|KiB a connection|a million, GiB", rows)
}

func (f *figures) checks() string {
	var rows [][]string
	for _, l := range f.Loads {
		rss, each := l.expected()
		last := l.Points[2]
		row := []string{
			"`" + l.Name + "`", whole(float64(last.Clients)), kib(each), digits(rss / mebi), digits(last.RSS / mebi), percent(off(last.RSS, rss)),
		}
		if c, err := f.kind(clientOf[l.Name]); err == nil {
			row = append(row, digits(l.byLibrary(&c)/mebi), percent(off(last.RSS, l.byLibrary(&c))))
		}
		rows = append(rows, append(row, digits(l.expectedCPU()/1000), digits(last.CPU/1000)))
	}
	return table("load|clients|KiB a client|computed from its own line, MiB|measured, MiB|off|computed from the library, MiB|off|"+
		"CPU computed, ms a second|CPU measured", rows)
}

func sent(w wire) string { return fmt.Sprintf("%s in %d", whole(float64(w.Bytes)), w.Parts) }

func kib(bytes float64) string { return digits(bytes / kibi) }

func percent(part float64) string { return fmt.Sprintf("%+.0f %%", 100*part) }

// known writes - for what is not known.
func known(x float64, write func(float64) string) string {
	if x == 0 {
		return "-"
	}
	return write(x)
}

// digits writes three of them.
func digits(x float64) string {
	switch abs := math.Abs(x); {
	case abs >= 100:
		return whole(x)
	case abs >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	default:
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
}

// whole writes a whole number with commas.
func whole(x float64) string {
	n := int(math.Round(x))
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", whole(float64(n/1000)), n%1000)
}
