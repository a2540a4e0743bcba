package browser_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is the browser that all tests share; each has a tab of its own.
var chromium context.Context

// rebound is a name that the browser takes for an address of this machine.
const rebound = "rebinding.test"

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	options := chromedp.DefaultExecAllocatorOptions[:]
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's own does not run as root
	}
	// Containers have little shared memory.
	options = append(options, chromedp.Flag("disable-dev-shm-usage", true))
	// A name of somebody else that leads to this machine, as rebinding of DNS has it.
	options = append(options, chromedp.Flag("host-resolver-rules", "MAP "+rebound+" 127.0.0.1"))
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	var end context.CancelFunc
	chromium, end = chromedp.NewContext(allocated)
	defer end()
	if err := chromedp.Do(chromium); err != nil {
		fmt.Fprintln(os.Stderr, "the tests of browser/ need Chromium; make test installs it:", err)
		return 1
	}
	flag.Parse()
	set := false
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == "test.parallel" })
	if !set { // tests wait for a browser or a server more than they reckon
		if err := flag.Set("test.parallel", "4"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// tab is an open page.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string // errors on the console, and requests for anything but the page
	frames   []string // what came over WebSockets
}

// look is how a page is looked at.
type look struct {
	width int64
	dark  bool
}

// open shows a page, which is complete when open returns. The test fails at its end if the page had an error, or asked
// for anything.
func open(t *testing.T, html []byte, l look) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, html, 0o600); err != nil {
		t.Fatal(err)
	}
	return visit(t, "file://"+filepath.ToSlash(file), l, func(string) bool { return false })
}

// visit shows the page at an address, which may ask for itself and for what is allowed, and do nothing else that a page at peace with
// itself does not do.
func visit(t *testing.T, address string, l look, allowed func(url string) bool) *tab {
	t.Helper()
	b := &tab{t: t}
	mayAsk := func(url string) bool { return url == address || strings.HasPrefix(url, "data:") || allowed(url) }
	ctx, closeTab := chromedp.NewContext(chromium, chromedp.WithListener(func(event any) { b.watch(event, mayAsk) }))
	t.Cleanup(closeTab)
	b.ctx = ctx // go test's own limit ends a page that hangs; how long a test takes depends on what else the machine does
	t.Cleanup(func() {
		for _, p := range b.found() {
			t.Error(p)
		}
	})
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	b.emulate("screen", scheme)
	value(b, func(ctx context.Context, page *chromedp.Target) (cdp.Empty, error) { // or one of the tabs alone has the focus
		return cdp.Call(ctx, page, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	})
	b.do(
		chromedp.EmulateViewport(l.width, 800),
		chromedp.Navigate(address),
	)
	return b
}

// emulate has the page shown on a screen or on paper, in light or dark.
func (b *tab) emulate(medium, scheme string) {
	b.t.Helper()
	value(b, func(ctx context.Context, page *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, page, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
	})
}

// watch notes what a page that is at peace with itself does not do.
func (b *tab) watch(event any, mayAsk func(url string) bool) {
	var problem string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = "exception: " + (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error()
	case *runtime.EventConsoleAPICalled:
		problem = fmt.Sprintf("the page wrote to the console: %s", e.Type)
	case *log.EventEntryAdded:
		problem = fmt.Sprintf("console: %s: %s", e.Entry.Level, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		if !mayAsk(e.Request.URL) {
			problem = "the page asked for " + e.Request.URL
		}
	}
	if e, ok := event.(*network.EventWebSocketFrameReceived); ok && e.Response != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.frames = append(b.frames, string(e.Response.PayloadData))
	}
	if problem != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.problems = append(b.problems, problem)
	}
}

// found returns the problems up to now, and forgets them.
func (b *tab) found() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.problems
	b.problems = nil
	return p
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// value does what has a result, and returns it.
func value[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// eval returns the value of an expression in the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	return value(b, chromedp.Evaluate[T](expression))
}

// screenshot takes a picture of the whole page, which go test keeps with -artifacts.
func (b *tab) screenshot(name string) image.Image {
	b.t.Helper()
	data := value(b, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), name+".png"), data, 0o600); err != nil {
		b.t.Fatal(err)
	}
	return decode(b.t, data)
}

func decode(t *testing.T, data []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// chart is what a person sees of a chart: the picture, where in it the plot is, and the colors of the legend.
type chart struct {
	t      *testing.T
	image  image.Image
	plot   rect
	colors map[string][3]int
}

type rect struct{ Left, Top, Width, Height float64 }

// chart reads the chart in the element with this identifier.
func (b *tab) chart(id string) *chart {
	b.t.Helper()
	type seen struct {
		Picture string
		Plot    rect
		Legend  map[string]string
	}
	s := eval[seen](b, `(() => {
		const figure = document.getElementById('`+id+`');
		const canvas = figure.querySelector('canvas'), at = canvas.getBoundingClientRect(), over = figure.querySelector('.u-over').getBoundingClientRect();
		const scale = canvas.width / at.width, legend = {};
		for (const row of figure.querySelectorAll('.u-series')) {
			const marker = row.querySelector('.u-marker');
			if (marker) legend[row.querySelector('.u-label').textContent] = getComputedStyle(marker).borderTopColor;
		}
		return {
			Picture: canvas.toDataURL().split(',')[1], Legend: legend,
			Plot: {Left: (over.left - at.left) * scale, Top: (over.top - at.top) * scale, Width: over.width * scale, Height: over.height * scale},
		};
	})()`)
	data, err := base64.StdEncoding.DecodeString(s.Picture)
	if err != nil {
		b.t.Fatal(err)
	}
	c := &chart{t: b.t, image: decode(b.t, data), plot: s.Plot, colors: map[string][3]int{}}
	for label, text := range s.Legend {
		var rgb [3]int
		if _, err := fmt.Sscanf(text, "rgb(%d, %d, %d)", &rgb[0], &rgb[1], &rgb[2]); err != nil {
			b.t.Fatalf("chart %s: color %q of %q: %v", id, text, label, err)
		}
		c.colors[label] = rgb
	}
	return c
}

// at returns how high the line with this label is at a place of the x axis: both from 0 to 1. Its highest point counts; false
// without a pixel of its color.
func (c *chart) at(label string, x float64) (float64, bool) {
	c.t.Helper()
	color, ok := c.colors[label]
	if !ok {
		c.t.Fatalf("the legend has no %q, but %v", label, c.colors)
	}
	column := int(c.plot.Left + x*c.plot.Width)
	top, bottom := int(c.plot.Top), int(c.plot.Top+c.plot.Height)
	for y := top; y < bottom; y++ {
		if c.like(column, y, color) {
			end := y
			for end < bottom && c.like(column, end, color) {
				end++
			}
			middle := float64(y+min(end, y+2)) / 2 // of a line, not of the area below it
			return 1 - (middle-c.plot.Top)/c.plot.Height, true
		}
	}
	return 0, false
}

// like tells whether a pixel is of a color, and not only tinted by it.
func (c *chart) like(x, y int, color [3]int) bool {
	r, g, b, a := c.image.At(x, y).RGBA()
	if a < 0x8000 {
		return false
	}
	distance := 0
	for i, v := range []uint32{r, g, b} {
		d := int(v*0xff/a) - color[i]
		distance += max(d, -d)
	}
	return distance < 40
}

// height expects the line with this label at a height, both from 0 to 1.
func (c *chart) height(label string, x, want float64) {
	c.t.Helper()
	got, ok := c.at(label, x)
	tolerance := 3 / c.plot.Height
	if !ok || got < want-tolerance || got > want+tolerance {
		c.t.Errorf("%s is at %.3f of the height (seen: %v) where the data has %.3f, at %.3f of the width", label, got, ok, want, x)
	}
}
