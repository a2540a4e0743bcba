package browser_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"dunlin/internal/load/result"
)

// x is the place of a second on the time axis, which goes from the first point to the last.
func x(second float64) float64 { return second / (samplePoints - 1) }

// logarithm is the height of v on an axis from low to high.
func logarithm(v, low, high float64) float64 { return math.Log10(v/low) / math.Log10(high/low) }

func TestReportDrawsLatencyOverTime(t *testing.T) {
	t.Parallel()
	c := open(t, pageOf(t, sample()), look{width: 1280}).chart("over-time")
	for label, before := range map[string]float64{"p50": 2, "p99": 5, "max": 30} {
		for _, second := range []float64{1.5, 15.5, slowFrom - 1.5} {
			c.height(label, x(second), logarithm(before, 1, 1000))
		}
		for _, second := range []float64{slowFrom + .5, 45.5, 57.5} {
			c.height(label, x(second), logarithm(10*before, 1, 1000))
		}
		// It rises from one point to the next, neither earlier nor later.
		c.height(label, x(slowFrom-.5), logarithm(before*math.Sqrt(10), 1, 1000))
	}
}

func TestReportMarksWhenConnectionsWereLost(t *testing.T) {
	t.Parallel()
	c := open(t, pageOf(t, sample()), look{width: 1280}).chart("over-time")
	c.colors["mark"] = [3]int{0xc4, 0x21, 0x1c}
	if _, ok := c.at("mark", x(lostAt)); !ok {
		t.Error("there is no mark where 50 connections were lost")
	}
	for _, second := range []float64{5, 20, lostAt - 2, lostAt + 2} {
		if _, ok := c.at("mark", x(second)); ok {
			t.Errorf("there is a mark at second %v, where nothing was lost", second)
		}
	}
}

func TestReportDrawsRates(t *testing.T) {
	t.Parallel()
	c := open(t, pageOf(t, sample()), look{width: 1280}).chart("rates")
	const top = 1000 * 1.08
	c.height("published", x(15.5), 1000/top)
	c.height("published", x(45.5), 500/top)
	c.height("received", x(15.5), 800/top)
	c.height("received", x(45.5), 390/top)
	c.height("acknowledged", x(45.5), 490/top)
	dashes := 0
	for second := slowFrom + 2.0; second < 58; second += .1 {
		if h, ok := c.at("due", x(second)); ok && math.Abs(h-1000/top) < .03 {
			dashes++
		}
	}
	if dashes < 50 {
		t.Errorf("what was due is seen at %d of 260 places, expected a dashed line where publishing was slower", dashes)
	}
}

func TestReportDrawsConnections(t *testing.T) {
	t.Parallel()
	c := open(t, pageOf(t, sample()), look{width: 1280}).chart("connections")
	const top = 100 * 1.08
	for second, online := range map[float64]float64{2.5: 30, 5.5: 60, 20.5: 100, lostAt - .5: 100, lostAt + .5: 50, 55.5: 50} {
		c.height("online", x(second), online/top)
	}
	// Points of events, on an axis of their own from 0.5 to 100.
	for _, p := range []struct {
		label  string
		second float64
		n      float64
	}{{"lost", lostAt, 50}, {"connected", 5, 10}} {
		got, ok := c.at(p.label, x(p.second))
		if want := logarithm(p.n, .5, 100); !ok || math.Abs(got-want) > .04 {
			t.Errorf("%s at second %v: %.3f of the height (seen: %v), the data has %.3f", p.label, p.second, got, ok, want)
		}
	}
	if _, ok := c.at("lost", x(20)); ok {
		t.Error("a loss is shown at second 20, where there was none")
	}
}

func TestReportDrawsHistogram(t *testing.T) {
	t.Parallel()
	r := sample()
	delete(r.Latencies, "connect") // it would hide a part of the other one
	c := open(t, pageOf(t, r), look{width: 1280}).chart("histogram")
	for ms, n := range map[float64]float64{2: 98 * 30, 20: 98 * 30, 5: 30, 50: 30, 300: 30} {
		// A bar is a twentieth of a power of ten wide, and this place is in its middle.
		middle := (math.Floor(math.Log10(ms*1000)*20) + .5) / 20
		c.height("delivery", (middle-3)/3, logarithm(n, .5, 10000))
	}
	if h, ok := c.at("delivery", logarithm(10, 1, 1000)); ok && h > .05 {
		t.Errorf("there is a bar at 10 ms, %.3f of the height, where nothing was measured", h)
	}
}

func TestReportDrawsPercentiles(t *testing.T) {
	t.Parallel()
	r := sample()
	delete(r.Latencies, "connect") // it would hide a part of the other one
	c := open(t, pageOf(t, r), look{width: 1280}).chart("percentiles")
	// 6,000 latencies, so the axis of ranks goes from 1 to 10,000. The halves are 2 and 20 ms.
	for percentile, ms := range map[float64]float64{30: 2, 80: 20, 95: 20, 99.2: 50, 99.85: 300} {
		c.height("delivery", logarithm(1/(1-percentile/100), 1, 10000), logarithm(ms, 1, 1000))
	}
}

func TestReportIsReadableOnEveryScreen(t *testing.T) {
	t.Parallel()
	html := pageOf(t, sample())
	for _, width := range []int64{1280, 360} {
		for _, dark := range []bool{false, true} {
			name := fmt.Sprintf("%d-%s", width, map[bool]string{false: "light", true: "dark"}[dark])
			t.Run(name, func(t *testing.T) {
				b := open(t, html, look{width: width, dark: dark})
				if got := eval[int64](b, "document.documentElement.scrollWidth"); got > width {
					t.Errorf("the page is %d pixels wide on a screen of %d", got, width)
				}
				if wide := eval[[]string](b, `[...document.querySelectorAll('figure')].filter((f) => f.querySelector('canvas').getBoundingClientRect().right > innerWidth).map((f) => f.id)`); len(wide) > 0 {
					t.Errorf("charts are wider than the screen: %v", wide)
				}
				r, g, bl, _ := b.screenshot(name).At(2, 2).RGBA()
				if isDark := r+g+bl < 3*0x4000; isDark != dark {
					t.Errorf("the ground is %04x %04x %04x", r, g, bl)
				}
				// All lines are seen against it.
				c := b.chart("over-time")
				c.height("p50", x(15.5), logarithm(2, 1, 1000))
				c.height("p99", x(45.5), logarithm(50, 1, 1000))
			})
		}
	}
}

// hostile is a text that would run a script if it were taken for HTML, end the script element that holds the data, and turn the
// direction of what follows.
const hostile = `</script><img src=x onerror="hacked=1"><script>hacked=1</script>&amp;"'` + "\u202e\x1b[2J\xff"

func TestReportTakesNoTextForMarkup(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Name, r.Server, r.Version, r.Dunlin = hostile, hostile, hostile, hostile
	r.Command = []string{hostile}
	r.Parameters[0].Name, r.Parameters[0].Value, r.Parameters[1].Group = hostile, hostile, hostile
	r.Latency = hostile
	r.Latencies[hostile] = r.Latencies["delivery"]
	r.Groups[hostile] = r.Counts
	r.Checks[0].Text = hostile
	r.Verified.Named = []string{hostile}
	r.Events[0].Group, r.Events[0].Detail, r.Events[0].Kind = hostile, hostile, hostile
	b := open(t, pageOf(t, r), look{width: 1280})
	if eval[bool](b, "'hacked' in window") {
		t.Error("a text of the result ran as a script")
	}
	if n := eval[int](b, "document.querySelectorAll('img').length"); n > 0 {
		t.Errorf("texts of the result made %d elements", n)
	}
	if n := eval[int](b, "document.querySelectorAll('canvas').length"); n != 5 {
		t.Errorf("there are %d charts, want 5", n)
	}
	const shown = `</script><img src=x onerror="hacked=1"><script>hacked=1</script>&amp;"'`
	text := eval[string](b, "document.body.innerText")
	if got := strings.Count(text, shown); got < 14 {
		t.Errorf("the text is shown %d times as it is, want 14 or more", got)
	}
	if strings.ContainsAny(text, "\u202e\x1b") {
		t.Error("what turns the direction of text is still in it")
	}
}

func TestReportPolicyStopsScriptsOfOthers(t *testing.T) {
	t.Parallel()
	page := pageOf(t, sample())
	page = bytes.Replace(page, []byte("<header>"), []byte(`<script>hacked=1</script><img src="http://127.0.0.1:9/x" onerror="hacked=1"><header>`), 1)
	b := open(t, page, look{width: 1280})
	if eval[bool](b, "'hacked' in window") {
		t.Error("a script that is not the page's own ran")
	}
	if len(b.found()) < 2 { // and forgotten, for this page was broken on purpose
		t.Error("the browser says nothing of a script and a picture that the policy forbids")
	}
}

func TestReportHasColorsOfPaperInPrint(t *testing.T) {
	t.Parallel()
	b := open(t, pageOf(t, sample()), look{width: 1280, dark: true})
	dark := b.chart("rates").colors["published"]
	b.emulate("print", "dark")
	r, g, bl, _ := b.screenshot("print").At(2, 2).RGBA()
	if r+g+bl < 3*0xf000 {
		t.Errorf("the paper is %04x %04x %04x", r, g, bl)
	}
	c := b.chart("rates")
	if c.colors["published"] == dark {
		t.Error("charts have the colors of the dark screen on paper")
	}
	c.height("published", x(45.5), 500/(1000*1.08))
	if got := eval[float64](b, "document.querySelector('#rates canvas').getBoundingClientRect().width"); got != 680 {
		t.Errorf("a chart is %v wide on paper, want 680", got)
	}
	b.emulate("screen", "dark")
	value(b, chromedp.Poll[bool]("!document.documentElement.classList.contains('paper')"))
	if got := b.chart("rates").colors["published"]; got != dark {
		t.Errorf("back on the screen the color is %v, before it was %v", got, dark)
	}
	pdf := value(b, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4)))
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), "report.pdf"), pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := b.chart("rates").colors["published"]; got != dark {
		t.Errorf("after printing the color is %v, before it was %v", got, dark)
	}
}

func TestReportTellsWhatIsUnderThePointer(t *testing.T) {
	t.Parallel()
	b := open(t, pageOf(t, sample()), look{width: 1280})
	for id, second := range map[string]int{"over-time": 12, "rates": 45} {
		p := eval[rect](b, `(() => {
			const over = document.querySelector('#`+id+` .u-over');
			over.scrollIntoView({block: 'center'});
			const r = over.getBoundingClientRect();
			return {Left: r.left, Top: r.top, Width: r.width, Height: r.height};
		})()`)
		b.do(chromedp.MouseEvent("mouseMoved", p.Left+p.Width*x(float64(second)), p.Top+p.Height/2))
		want := fmt.Sprintf("0:%02d (12:00:%02d UTC)", second, second)
		legend := "document.querySelector('#over-time .u-legend').textContent"
		value(b, chromedp.Poll[bool](legend+".includes('"+want+"')"))
		factor := 1
		if second >= slowFrom {
			factor = 10
		}
		// The charts over time have one pointer, so each tells of its moment.
		text := eval[string](b, legend)
		for label, ms := range map[string]int{"p50": 2, "p99": 5, "max": 30} {
			if want := fmt.Sprintf("%s%d ms", label, ms*factor); !strings.Contains(text, want) {
				t.Errorf("second %d: the legend says %q, want %q", second, text, want)
			}
		}
	}
}

func TestReportFollowsTheWidthOfTheWindow(t *testing.T) {
	t.Parallel()
	b := open(t, pageOf(t, sample()), look{width: 1280})
	b.do(chromedp.EmulateViewport(500, 800))
	width := value(b, chromedp.Poll[float64](`(() => { const w = document.querySelector('#rates canvas').getBoundingClientRect().width; return w < 500 ? w : false; })()`))
	if width < 400 {
		t.Errorf("the chart is %v wide in a window of 500", width)
	}
	b.chart("rates").height("published", x(45.5), 500/(1000*1.08))
}

func TestReportOfNothingMeasured(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]result.Result{
		"empty":          {},
		"one second":     {Latency: "publish", Timeline: []result.Second{{Time: 1e9, Online: 1, Latency: ofSecond(0)}}, Latencies: map[string]result.Histogram{"publish": ofSecond(0)}},
		"no latency":     {Timeline: sample().Timeline[:1], Latency: "publish"},
		"no time at all": {Timeline: []result.Second{{Time: math.MinInt64}, {Time: math.MaxInt64}}},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, pageOf(t, r), look{width: 1280})
			if text := eval[string](b, "document.body.innerText"); !strings.Contains(text, "What the load generator took") {
				t.Errorf("the page ends early: %s", text)
			}
		})
	}
}

// The library is what npm serves: make test installs its package as browser/package-lock.json pins it.
func TestUplotIsUnchanged(t *testing.T) {
	t.Parallel()
	for name, original := range map[string]string{"uPlot.iife.min.js": "dist/uPlot.iife.min.js", "uPlot.min.css": "dist/uPlot.min.css", "LICENSE": "LICENSE"} {
		want, err := os.ReadFile(filepath.Join("node_modules/uplot", original))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("../internal/load/report/uplot", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from the one in the npm package", name)
		}
	}
}
