package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dunlin/internal/load/result"
	"dunlin/internal/load/verify"
)

// header says what was measured, when, and whether it is as it should be.
func (p *page) header(r result.Result) {
	p.raw("<header>\n")
	p.element("h1", "", r.Name)
	p.raw("\n<p class=\"about\">")
	p.element("span", "", r.Server)
	p.element("span", "", "MQTT "+r.Version)
	p.element("span", "", r.Started.UTC().Format("2006-01-02 15:04:05 UTC"))
	p.element("span", "", length(r.Seconds))
	if r.Parts > 1 {
		p.element("span", "", number(r.Parts)+" processes joined")
	}
	p.element("span", "", "Dunlin "+r.Dunlin)
	p.raw("</p>\n")
	p.checks(r.Checks)
	p.raw("</header>\n")
}

// length writes how long a run was.
func length(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d < 10*time.Second {
		return duration(d)
	}
	return d.Round(time.Second).String()
}

func (p *page) checks(checks []result.Check) {
	if len(checks) == 0 {
		return
	}
	failed := 0
	for _, c := range checks {
		if c.Failed {
			failed++
		}
	}
	if failed == 0 {
		p.element("p", "verdict good", "Passed: "+plural(len(checks), "check")+", none failed.")
	} else {
		p.element("p", "verdict bad", fmt.Sprintf("Failed: %d of %s.", failed, plural(len(checks), "check")))
	}
	p.raw("\n<ul id=\"checks\">\n")
	for _, c := range checks {
		class, word := "good", "passed"
		if c.Failed {
			class, word = "bad", "failed"
		}
		p.raw("<li>")
		p.element("b", class, word)
		p.raw(" fails if ")
		p.element("code", "", c.Text)
		p.text(": it is " + c.Found)
		p.raw("</li>\n")
	}
	p.raw("</ul>\n")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return number(n) + " " + what + "s"
}

// summary is a row of the numbers that are looked for first.
func (p *page) summary(r result.Result) {
	p.raw("<dl id=\"summary\">\n")
	if h, ok := r.Latencies[r.Latency]; ok && h.Count() > 0 {
		for _, q := range []float64{50, 99, 99.9, 100} {
			p.tile("", label(q)+" "+r.Latency, duration(h.Percentile(q)), "")
		}
	}
	c := r.Counts
	if c.Published > 0 {
		p.tile("", "published", number(c.Published), perSecond(r.ByEnd().Published, r.Seconds))
	}
	if c.Received > 0 {
		p.tile("", "received", number(c.Received), perSecond(r.ByEnd().Received, r.Seconds))
	}
	p.tile("", "connections", number(c.Connects), "")
	for _, bad := range []struct {
		name string
		n    int64
	}{{"connections refused", c.ConnectErrors}, {"connections lost", c.Lost}, {"publishes failed", c.PublishErrors}} {
		if bad.n > 0 {
			p.tile("bad", bad.name, number(bad.n), "")
		}
	}
	if v := r.Verified; v != nil && v.Expected+v.Corrupted == 0 {
		p.tile("", "messages verified", "0", "none was to come to anybody here")
	} else if v != nil {
		class := "good"
		if v.Lost+v.Doubled+v.Disordered+v.Corrupted > 0 {
			class = "bad"
		}
		p.tile(class, "messages lost", number(v.Lost), fmt.Sprintf("%s doubled, %s disordered, %s corrupted", number(v.Doubled), number(v.Disordered), number(v.Corrupted)))
	}
	p.raw("</dl>\n")
}

// tile is one number of the summary, with what belongs to it in small letters.
func (p *page) tile(class, name, value, more string) {
	p.raw("<div>")
	p.element("dt", "", name)
	p.raw("<dd class=\"" + class + "\">")
	p.text(value)
	if more != "" {
		p.element("small", "", more)
	}
	p.raw("</dd></div>\n")
}

func perSecond(n int64, seconds float64) string {
	if seconds <= 0 {
		return ""
	}
	return number(int64(float64(n)/seconds+0.5)) + " a second"
}

func label(q float64) string {
	switch q {
	case 0:
		return "min"
	case 100:
		return "max"
	default:
		return fmt.Sprintf("p%g", q)
	}
}

// charts adds the places where the script draws. A chart without data has none.
func (p *page) charts(r result.Result) {
	p.raw("<noscript><p>The charts need JavaScript; the tables do not.</p></noscript>\n")
	place := func(id, title, about string) {
		p.raw("<figure id=\"" + id + "\">\n")
		p.element("figcaption", "", title)
		p.raw("\n<div class=\"chart\"></div>\n")
		p.element("p", "note", about)
		p.raw("\n</figure>\n")
	}
	p.raw("<div id=\"charts\">\n")
	if len(r.Timeline) > 0 {
		if h := r.Latencies[r.Latency]; h.Count() > 0 {
			place("over-time", "Latency over time: "+r.Latency, "Marks at the lower edge: connections were lost, dropped or refused then.")
		}
		place("rates", "Messages a second", "Due is what the rates ask for: where published stays below it, the load generator was late.")
		place("connections", "Clients online, and what happened to connections", "Clients online at the left; events of each point of time at the right.")
	}
	if len(names(r)) > 0 {
		place("histogram", "Histogram of latencies", "Both axes are logarithmic.")
		place("percentiles", "Latency by percentile", "How long the slowest part of the messages took.")
	}
	p.raw("</div>\n")
}

func (p *page) latencies(r result.Result) {
	all := names(r)
	if len(all) == 0 {
		return
	}
	p.section("latencies", "Latencies")
	shown := []float64{0, 50, 75, 90, 95, 99, 99.9, 99.99, 100}
	columns := []string{"", "count"}
	for _, q := range shown {
		columns = append(columns, label(q))
	}
	p.head(columns...)
	for _, name := range all {
		h := r.Latencies[name]
		cells := []string{number(h.Count())}
		for _, q := range shown {
			cells = append(cells, duration(h.Percentile(q)))
		}
		p.row(name, cells...)
	}
	p.endTable()
	p.raw("</section>\n")
}

func (p *page) verification(v *verify.Account) {
	p.section("verification", "Verification")
	defer p.raw("</section>\n")
	if v == nil {
		p.element("p", "", "The messages were not numbered, so nobody knows whether any was lost, doubled or changed.")
		return
	}
	p.head("expected", "received", "lost", "doubled", "disordered", "corrupted", "unsure")
	p.raw("<tr>")
	p.element("td", "", number(v.Expected))
	p.element("td", "", number(v.Received))
	for _, n := range []uint64{v.Lost, v.Doubled, v.Disordered, v.Corrupted} {
		class := "good"
		if n > 0 {
			class = "bad"
		}
		p.element("td", class, number(n))
	}
	p.element("td", "", number(v.Unsure))
	p.raw("</tr>\n")
	p.endTable()
	p.list("named", v.Named, "Which")
}

// list adds lines that can be folded away, and are if there are many; nothing without lines.
func (p *page) list(id string, lines []string, title string) {
	if len(lines) == 0 {
		return
	}
	open := ""
	if len(lines) <= 20 {
		open = " open"
	}
	p.raw("<details id=\"" + id + "\"" + open + ">")
	p.element("summary", "", title)
	p.raw("\n<ul>\n")
	for _, l := range lines {
		p.raw("<li>")
		p.element("code", "", l)
		p.raw("</li>\n")
	}
	p.raw("</ul></details>\n")
}

// groups is a table of the counts: of each group, and of all.
func (p *page) groups(r result.Result) {
	p.section("counts", "Counts")
	p.head("", "connected", "refused", "lost", "dropped", "subscribed", "due", "published", "acknowledged", "failed", "received", "bytes out", "bytes in")
	row := func(name string, c result.Counts) {
		p.row(name, number(c.Connects), number(c.ConnectErrors), number(c.Lost), number(c.Dropped), number(c.Subscribes), number(c.Due),
			number(c.Published), number(c.Acknowledged), number(c.PublishErrors), number(c.Received), bytes(c.BytesOut), bytes(c.BytesIn))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Groups)) {
		row(name, r.Groups[name])
	}
	row("all", r.Counts)
	p.endTable()
	p.raw("</section>\n")
}

func (p *page) parameters(r result.Result) {
	p.section("parameters", "Parameters")
	p.raw("<div class=\"wide\"><table class=\"words\">\n<tbody>\n")
	if len(r.Command) > 0 {
		p.raw("<tr><th>command</th><td>")
		p.element("code", "", strings.Join(r.Command, " "))
		p.raw("</td></tr>\n")
	}
	for _, q := range r.Parameters {
		name := q.Name
		if q.Group != "" {
			name = q.Group + ": " + name
		}
		p.row(name, q.Value)
	}
	p.row("server", r.Server)
	p.row("protocol", "MQTT "+r.Version)
	p.endTable()
	p.raw("</section>\n")
}

// cost says what the load generator took itself: who measures a server has to know that it was not the bottleneck.
func (p *page) cost(r result.Result) {
	c := r.Cost
	p.section("cost", "What the load generator took")
	p.raw("<div class=\"wide\"><table class=\"words\">\n<tbody>\n")
	p.row("CPU", duration(time.Duration(c.CPUSeconds*float64(time.Second)))+share(c, r.Seconds))
	if n := r.Counts.Published + r.Counts.Received; n > 0 {
		p.row("CPU a message", duration(time.Duration(c.CPUSeconds*float64(time.Second)/float64(n))))
	}
	p.row("memory at most", bytes(c.PeakBytes))
	late := "never"
	if c.LateSeconds > 0 {
		late = duration(time.Duration(c.LateSeconds * float64(time.Second)))
		if n := r.Counts.Published; n > 0 {
			late += " in sum, " + duration(time.Duration(c.LateSeconds*float64(time.Second)/float64(n))) + " a message"
		}
	}
	p.row("late with sending", late)
	p.endTable()
	p.raw("</section>\n")
}

// share says how much of the machine that was.
func share(c result.Cost, seconds float64) string {
	if seconds <= 0 || c.Cores == 0 {
		return ""
	}
	return fmt.Sprintf(": %s %% of one core, and there were %d", digits(100*c.CPUSeconds/seconds), c.Cores)
}
