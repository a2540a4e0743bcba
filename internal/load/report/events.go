package report

import (
	"fmt"
	"time"

	"dunlin/internal/load/result"
)

// At most so many kinds of events, and so many events, are shown: more than anybody reads.
const (
	causesShown = 30
	eventsShown = 200
)

// clock writes a moment of the run.
func clock(unix float64) string {
	return time.UnixMicro(int64(unix * 1e6)).UTC().Format("15:04:05.000")
}

// events says what went wrong with connections: each cause, and below it the single events, folded away.
func (p *page) events(r result.Result) {
	all := result.Causes(r.Events)
	if len(all) == 0 {
		return
	}
	p.section("events", "Connections refused, lost and dropped")
	p.raw("<div class=\"wide\"><table class=\"words\">\n<thead><tr>")
	for _, column := range []string{"group", "what", "times", "first (UTC)", "last", "detail"} {
		p.element("th", "", column)
	}
	p.raw("</tr></thead>\n<tbody>\n")
	for _, h := range all[:min(len(all), causesShown)] {
		p.row(h.Group, h.Kind, number(h.Times), clock(h.First), clock(h.Last), h.Detail)
	}
	p.endTable()
	if more := len(all) - causesShown; more > 0 {
		p.element("p", "note", plural(more, "more kind")+" of events not shown.")
	}
	p.single(r.Events)
	if r.EventLost > 0 {
		p.element("p", "note", number(r.EventLost)+" more events are in the counts alone.")
	}
	p.raw("</section>\n")
}

// single lists the first events one by one.
func (p *page) single(events []result.Event) {
	var lines []string
	left := 0
	for _, e := range events {
		switch {
		case !e.IsTrouble():
		case len(lines) == eventsShown:
			left++
		default:
			lines = append(lines, fmt.Sprintf("%s %s/%d %s", clock(e.Time), e.Group, e.Client, e.Kind))
		}
	}
	title := "One by one"
	if left > 0 {
		title = fmt.Sprintf("The first %d of %s", len(lines), number(len(lines)+left))
	}
	p.list("single", lines, title)
}
