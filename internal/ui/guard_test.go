package ui_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dunlin/internal/ui"
)

// answer is what a request came to.
type answer struct {
	status int
	header http.Header
	body   string
}

// askRaw sends a request as it is, and returns the answer.
func askRaw(t *testing.T, address, request string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode, header: response.Header}
	if a.status == http.StatusSwitchingProtocols {
		return a
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a.body = string(body)
	return a
}

// upgrade is a request for the WebSocket, with some of its fields.
func upgrade(host, origin, protocols string) string {
	r := "GET /socket HTTP/1.1\nHost: " + host + "\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
	if origin != "" {
		r += "Origin: " + origin + "\n"
	}
	if protocols != "" {
		r += "Sec-WebSocket-Protocol: " + protocols + "\n"
	}
	return r + "\n"
}

// TestWhoIsLetIn refuses other pages, names that were pointed here, wrong tokens and whatever else is not our own page.
func TestWhoIsLetIn(t *testing.T) {
	s := start(t, ui.Options{})
	address := strings.TrimSuffix(strings.TrimPrefix(s.Address(), "http://"), "/#"+token(s))
	_, port, _ := net.SplitHostPort(address)
	good := "dunlin, token." + token(s)
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"the page":                       {"GET / HTTP/1.1\nHost: " + address + "\n\n", 200},
		"a file":                         {"GET /app.js HTTP/1.1\nHost: localhost:" + port + "\n\n", 200},
		"its head":                       {"HEAD / HTTP/1.1\nHost: [::1]:" + port + "\n\n", 200},
		"through a tunnel":               {"GET / HTTP/1.1\nHost: localhost:9999\n\n", 200},
		"no file":                        {"GET /secret HTTP/1.1\nHost: " + address + "\n\n", 404},
		"a file outside":                 {"GET /../../../etc/passwd HTTP/1.1\nHost: " + address + "\n\n", 404},
		"a name that was pointed here":   {"GET / HTTP/1.1\nHost: evil.example:" + port + "\n\n", 421},
		"a name that looks like ours":    {"GET / HTTP/1.1\nHost: localhost.evil.example:" + port + "\n\n", 421},
		"an address of another network":  {"GET / HTTP/1.1\nHost: 192.0.2.1:" + port + "\n\n", 421},
		"no name":                        {"GET / HTTP/1.1\nHost:\n\n", 421},
		"another page":                   {"GET / HTTP/1.1\nHost: " + address + "\nOrigin: http://evil.example\n\n", 403},
		"a page of another port":         {"GET / HTTP/1.1\nHost: " + address + "\nOrigin: http://127.0.0.1:1\n\n", 403},
		"a page without a name":          {"GET / HTTP/1.1\nHost: " + address + "\nOrigin: null\n\n", 403},
		"a form":                         {"POST / HTTP/1.1\nHost: " + address + "\nContent-Length: 0\n\n", 405},
		"WebSocket":                      {upgrade(address, "http://"+address, good), 101},
		"WebSocket by another name":      {upgrade("localhost:"+port, "http://localhost:"+port, good), 101},
		"WebSocket of another page":      {upgrade(address, "http://evil.example", good), 403},
		"WebSocket of a secure page":     {upgrade(address, "https://"+address, good), 403},
		"WebSocket without an origin":    {upgrade(address, "", good), 403},
		"WebSocket with a pointed name":  {upgrade("evil.example", "http://evil.example", good), 421},
		"WebSocket without a token":      {upgrade(address, "http://"+address, "dunlin"), 403},
		"WebSocket without protocols":    {upgrade(address, "http://"+address, ""), 403},
		"WebSocket with an empty token":  {upgrade(address, "http://"+address, "dunlin, token."), 403},
		"WebSocket with a wrong token":   {upgrade(address, "http://"+address, "dunlin, token."+strings.Repeat("0", 32)), 403},
		"WebSocket with a part of it":    {upgrade(address, "http://"+address, good[:len(good)-1]), 403},
		"WebSocket with more than it":    {upgrade(address, "http://"+address, good+"0"), 403},
		"WebSocket with it as the first": {upgrade(address, "http://"+address, "token."+token(s)+", dunlin"), 101},
	} {
		t.Run(name, func(t *testing.T) {
			a := askRaw(t, address, c.request)
			if a.status != c.status {
				t.Errorf("status %d, want %d: %s", a.status, c.status, a.body)
			}
			if strings.Contains(a.body, token(s)) {
				t.Errorf("the token is in the answer: %s", a.body)
			}
			checkHeaders(t, a.header)
		})
	}
}

// checkHeaders checks what every answer has to say.
func checkHeaders(t *testing.T, header http.Header) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
			"frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if cookies := header.Values("Set-Cookie"); cookies != nil {
		t.Errorf("there are cookies: %v", cookies)
	}
}

// TestTokensDiffer gives each start an address of its own, with 128 bits that are not to be guessed.
func TestTokensDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		token := token(start(t, ui.Options{}))
		if len(token) != 32 || strings.Trim(token, "0123456789abcdef") != "" || seen[token] {
			t.Errorf("the token is %q", token)
		}
		seen[token] = true
	}
}

// TestOtherMachines lets others in by address or by the name that was given, where the listener is for them.
func TestOtherMachines(t *testing.T) {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, ui.Options{Listener: l, Host: "lab.example"})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if want := "http://lab.example:" + port + "/#"; !strings.HasPrefix(s.Address(), want) {
		t.Errorf("the address is %s, want %s...", s.Address(), want)
	}
	for host, status := range map[string]int{"192.0.2.7": 200, "lab.example": 200, "LAB.example": 200, "evil.example": 421} {
		a := askRaw(t, "127.0.0.1:"+port, fmt.Sprintf("GET / HTTP/1.1\nHost: %s:%s\n\n", host, port))
		if a.status != status {
			t.Errorf("%s: status %d, want %d", host, a.status, status)
		}
	}
}

// TestViewersAreBounded refuses a page too many, and lets one in again when another is closed.
func TestViewersAreBounded(t *testing.T) {
	s := start(t, ui.Options{})
	address := strings.TrimSuffix(strings.TrimPrefix(s.Address(), "http://"), "/#"+token(s))
	viewers := []*viewer{}
	for range 32 {
		viewers = append(viewers, view(t, s))
	}
	another := func() error {
		conn, upgraded, err := websocket.Dial(t.Context(), "ws://"+address+"/socket", &websocket.DialOptions{
			Subprotocols: []string{"dunlin", "token." + token(s)}, HTTPHeader: http.Header{"Origin": {"http://" + address}},
		})
		if err != nil {
			return err
		}
		defer func() { _ = conn.CloseNow() }()
		if upgraded.Body != nil {
			defer upgraded.Body.Close()
		}
		_, _, err = conn.Read(t.Context())
		return err
	}
	var refused websocket.CloseError
	if err := another(); !errors.As(err, &refused) || refused.Code != websocket.StatusTryAgainLater || !strings.Contains(refused.Reason, "close one") {
		t.Errorf("the 33rd page is told: %v", err)
	}
	_ = viewers[0].conn.CloseNow()
	<-viewers[0].ended
	for end := time.Now().Add(patience); another() != nil; { // until the server has seen it
		if time.Now().After(end) {
			t.Fatal("no page is let in again")
		}
	}
}
