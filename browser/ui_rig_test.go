package browser_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"dunlin/internal/testserver"
	"dunlin/mqtt"
)

// program builds the command once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "dunlin-browser")
	if err != nil {
		return "", err
	}
	built := filepath.Join(dir, "dunlin")
	build := exec.Command("go", "build", "-o", built, "./cmd/dunlin")
	build.Dir = ".." // in its own module
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return built, nil
})

// command starts the command with arguments, and returns the first line that it prints. It ends with the test.
func command(t *testing.T, args ...string) string {
	t.Helper()
	line, _ := commandProcess(t, args...)
	return line
}

// commandProcess does the same, and returns the process, too.
func commandProcess(t *testing.T, args ...string) (string, *os.Process) {
	t.Helper()
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT) // it may have ended
		_ = cmd.Wait()                         // by that signal
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line), cmd.Process
}

// startUI starts dunlin ui, and returns the address of its page.
func startUI(t *testing.T, args ...string) string {
	t.Helper()
	return command(t, append([]string{"ui"}, args...)...)
}

// freePort is a port that nobody listens on just now.
func freePort(t *testing.T) string {
	t.Helper()
	ports, err := testserver.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(ports[0])
}

// openUI opens the page, which may ask its server for what belongs to it, and for nothing else.
func openUI(t *testing.T, address string, l look) *tab {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	own := u.Scheme + "://" + u.Host + "/"
	return visit(t, address, l, func(asked string) bool {
		return strings.HasPrefix(asked, own) || strings.HasPrefix(asked, "blob:"+own)
	})
}

// await waits up to a minute until an expression in the page is true, and returns it. It looks again with each frame.
func await[T any](b *tab, what, expression string) T {
	b.t.Helper()
	script := fmt.Sprintf(`new Promise((found) => {
		const until = performance.now() + 60000;
		const look = () => {
			let value;
			try { value = (%s); } catch { value = undefined; }
			if (value) found(value);
			else if (performance.now() > until) found(null);
			else setTimeout(look, 16);
		};
		look();
	})`, expression)
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[*T](script, chromedp.EvalAwaitPromise))
	if err != nil || v == nil {
		b.screenshot("waiting")
		b.t.Fatalf("the page does not show %s (%s): %v; it shows:\n%s", what, expression, err, eval[string](b, `document.body.innerText.slice(0, 3000)`))
	}
	return *v
}

// shows waits until an element has a text in it.
func (b *tab) shows(selector, text string) {
	b.t.Helper()
	await[bool](b, fmt.Sprintf("%q in %s", text, selector), fmt.Sprintf(`[...document.querySelectorAll(%s)].some((e) => e.checkVisibility() && (e.value || e.textContent).includes(%s))`, quoted(selector), quoted(text)))
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a string has a form
	return string(b)
}

// press clicks what has a role of a button, a tab or the like, by what a person reads on it.
func (b *tab) press(text string) {
	b.t.Helper()
	mark := fmt.Sprintf(`(() => {
		const name = (e) => (e.getAttribute('aria-label') || e.textContent).trim(), want = %s;
		const e = [...document.querySelectorAll('[role=tab]'), ...document.querySelectorAll('button, summary, label.check')].find((e) => e.checkVisibility() && !e.disabled && (name(e) === want || name(e).startsWith(want + '\n')))
			?? [...document.querySelectorAll('button, [role=tab]')].find((e) => e.checkVisibility() && !e.disabled && name(e).startsWith(want));
		if (!e) return false;
		document.querySelectorAll('[data-pressed]').forEach((e) => e.removeAttribute('data-pressed'));
		e.setAttribute('data-pressed', '');
		return true;
	})()`, quoted(text))
	await[bool](b, "the button "+text, mark)
	b.do(chromedp.Click("[data-pressed]"))
}

// write writes into the field with this label, as a person does: instead of what is there.
func (b *tab) write(label, text string) {
	b.t.Helper()
	await[bool](b, "the field "+label, fmt.Sprintf(`(() => {
		const want = %s, visible = [...document.querySelectorAll('input, textarea')].filter((e) => e.checkVisibility());
		const e = visible.find((e) => [e.getAttribute('aria-label'), ...[...e.labels ?? []].map((l) => l.textContent.trim())].some((t) => t === want))
			?? visible.find((e) => [e.getAttribute('aria-label'), ...[...e.labels ?? []].map((l) => l.textContent.trim())].some((t) => t?.startsWith(want)));
		if (!e) return false;
		e.focus();
		e.select();
		return true;
	})()`, quoted(label)))
	b.keys(text)
}

// keys types on whatever has the focus.
func (b *tab) keys(text string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(text))
}

// row clicks the row of the tree with this name, until it is the chosen one: rows move while others come.
func (b *tab) row(name string) {
	b.t.Helper()
	for {
		at := await[rect](b, "the row "+name, fmt.Sprintf(`(() => {
			const e = [...document.querySelectorAll('.tree-row .name')].find((e) => e.checkVisibility() && e.textContent === %s);
			if (!e) return undefined;
			const r = e.getBoundingClientRect();
			return {Left: r.left, Top: r.top, Width: r.width, Height: r.height};
		})()`, quoted(name)))
		b.do(chromedp.MouseClickXY(at.Left+at.Width/2, at.Top+at.Height/2))
		chosen := fmt.Sprintf(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(
			[...document.querySelectorAll('.tree-row[aria-selected=true] .name')].some((e) => e.checkVisibility() && e.textContent === %s)))))`, quoted(name))
		if evaluatedAs[bool](b, chosen) {
			return
		}
	}
}

// publisher is a client of a broker that lives as long as the test.
func publisher(t *testing.T, broker string, cfg mqtt.Config) *mqtt.Client {
	t.Helper()
	c, err := mqtt.Dial(t.Context(), broker, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = c.Close(ctx) // the test is over
	})
	return c
}

// send publishes.
func send(t *testing.T, c *mqtt.Client, m mqtt.Message) {
	t.Helper()
	if err := c.Publish(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// until waits up to a minute until something holds that a page does not show.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); <-time.After(16 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after a minute there is not yet %s", what)
		}
	}
}
