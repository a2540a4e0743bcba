package browser_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"dunlin/internal/mosquitto"
)

// TestPagesOfOthersGetNothing opens a page of another origin, which knows even the token, beside the viewer.
func TestPagesOfOthersGetNothing(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	address := startUI(t, b.URL(), "-t", "#")
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, `<!doctype html><title>other</title><link rel=icon href="data:,"><body>`) // the test sees what is missing
	}))
	t.Cleanup(other.Close)
	p := visit(t, other.URL+"/", look{width: 800}, func(string) bool { return true })
	socket := func(token string) string {
		return evaluated(p, fmt.Sprintf(`new Promise((done) => {
			const s = new WebSocket('ws://%s/socket', ['dunlin', 'token.%s']);
			s.onmessage = () => done('let in');
			s.onclose = () => done('refused');
		})`, u.Host, token))
	}
	if got := socket(u.Fragment); got != "refused" {
		t.Errorf("a page of another origin was %s", got)
	}
	if got := evaluated(p, fmt.Sprintf(`fetch('http://%s/').then((r) => r.text(), () => 'refused')`, u.Host)); got != "refused" {
		t.Errorf("a page of another origin reads %q", got)
	}
	framed := evaluated(p, fmt.Sprintf(`new Promise((done) => {
		const f = document.createElement('iframe');
		f.onload = () => done(f.contentDocument === null ? 'an error page, or that of another origin' : 'empty');
		f.src = %s;
		document.body.append(f);
	})`, quoted(address)))
	if n := eval[int](p, `frames.length ? frames[0].length : 0`); n != 0 {
		t.Errorf("the page stands in a frame: %s", framed)
	}
	if n := b.Log(); strings.Contains(n, "PUBLISH") {
		t.Error("something was published")
	}
	if found := strings.Join(p.found(), "\n"); !strings.Contains(found, "frame-ancestors") {
		t.Errorf("the browser does not say that the frame is refused, but:\n%s", found)
	}
}

// evaluated is what a promise in the page gives.
func evaluated(b *tab, expression string) string {
	b.t.Helper()
	return value(b, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
}

// TestNamesThatWereReboundAreRefused asks by a name that leads to this machine and is not its own.
func TestNamesThatWereReboundAreRefused(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	address := strings.Replace(startUI(t, b.URL(), "-t", "#"), "127.0.0.1", rebound, 1)
	p := visit(t, address, look{width: 800}, func(string) bool { return true })
	if text := eval[string](p, `document.documentElement.outerHTML`); strings.Contains(text, "page.js") || !strings.Contains(strings.ToLower(text), "name") {
		t.Errorf("by another name the server gives:\n%s", text)
	}
	if found := strings.Join(p.found(), "\n"); !strings.Contains(found, "421") {
		t.Errorf("the browser was not told that it is misdirected, but: %s", found)
	}
}

// TestAnOldAddressShowsNothing has another token, as an address has from before dunlin ui was started again.
func TestAnOldAddressShowsNothing(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	address, _, _ := strings.Cut(startUI(t, b.URL(), "-t", "#"), "#")
	for _, token := range []string{"", strings.Repeat("0", 32)} {
		p := openUI(t, address+"#"+token, look{width: 800})
		p.shows(".gone", "address")
		if text := eval[string](p, `document.body.innerText`); strings.Contains(text, b.Addr()) {
			t.Errorf("without the token the page shows:\n%s", text)
		}
		for _, problem := range p.found() { // the browser says of each refused attempt
			if !strings.Contains(problem, "WebSocket") && !strings.Contains(problem, "403") {
				t.Error(problem)
			}
		}
		p.do(chromedp.Navigate("about:blank")) // or it tries again
		p.found()
	}
}

// TestAPageTooManyIsToldSo opens the page where as many as may be are open, and it comes up when one of them is closed.
func TestAPageTooManyIsToldSo(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	address := startUI(t, b.URL(), "-t", "#")
	first := openUI(t, address, look{width: 800})
	first.shows(".head", "connected")
	evaluatedAs[bool](first, `new Promise((done) => {
		window.others = [];
		const another = () => {
			if (others.length === 31) { done(true); return; }
			const s = new WebSocket('ws://' + location.host + '/socket', ['dunlin', 'token.' + location.hash.slice(1, 33)]);
			others.push(s);
			s.addEventListener('message', another, {once: true});
		};
		another();
	})`)
	p := openUI(t, address, look{width: 800})
	p.shows(".gone", "close one of them")
	eval[int](first, `(others[0].close(), 1)`)
	p.shows(".head", "connected")
	await[bool](p, "no word of it", `document.querySelector('.gone').hidden`)
}

// TestNoCredentialReachesThePage reads all that the server sends to a page that looks at everything.
func TestNoCredentialReachesThePage(t *testing.T) {
	t.Parallel()
	const user, password, second, secondPassword = "user-Kb7xQ", "password-Zr4wM", "second-Ty9pL", "password-Hn3vD"
	one := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{user: password}})
	two := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{second: secondPassword}})
	withUser := strings.Replace(one.URL(), "://", "://"+user+":"+password+"@", 1)
	p := openUI(t, startUI(t, withUser, "-t", "#"), look{width: 1280})
	p.shows(".head", "connected")
	p.press("Connect to another broker")
	p.write("Address", two.URL())
	p.write("Filters", "#") // without $SYS, whose messages would push the CONNECT out of sight
	p.write("User name", second)
	p.write("Password", secondPassword)
	p.press("Connect")
	p.shows(".head .url", two.Addr())
	p.shows(".head", "connected")
	for _, b := range []*mosquitto.Broker{two, one} {
		p.shows(".head .url", b.Addr())
		p.keys("3")
		await[bool](p, "CONNECT", `(() => { const e = [...document.querySelectorAll('.packet-row')].find((e) => e.checkVisibility() && e.querySelector('.type').textContent === 'CONNECT'); e?.click(); return !!e; })()`)
		p.shows(".dissection", "Password")
		p.keys("[")
	}
	text := eval[string](p, `document.documentElement.outerHTML + JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie + location.href + document.title + [...document.querySelectorAll('input, textarea')].map((e) => e.value).join(' ')`)
	p.mu.Lock()
	frames := strings.Join(p.frames, "\n")
	p.mu.Unlock()
	if !strings.Contains(frames, `"hello"`) || !strings.Contains(frames, "Password") {
		t.Fatalf("the frames were not read: %.500s", frames)
	}
	for _, encoded := range regexp.MustCompile(`"[A-Za-z0-9+/=]{8,}"`).FindAllString(frames, -1) { // bytes of packets and payloads
		if decoded, err := base64.StdEncoding.DecodeString(strings.Trim(encoded, `"`)); err == nil {
			frames += "\n" + string(decoded)
		}
	}
	for _, secret := range []string{user, password, second, secondPassword} {
		for _, written := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), fmt.Sprintf("%x", secret), fmt.Sprintf("% x", secret)} {
			if strings.Contains(frames, written) {
				t.Errorf("the server sent %s", written)
			}
			if strings.Contains(text, written) {
				t.Errorf("the page has %s", written)
			}
		}
	}
}
