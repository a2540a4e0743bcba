package ui_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"dunlin/internal/connect"
	"dunlin/internal/ui"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what has to come.
const patience = time.Minute

// testPage are the files of a page.
var testPage = fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>page</title>")}, "app.js": {Data: []byte("// app")}}

// listen returns a listener of this machine.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// start serves a page until the test ends.
func start(t *testing.T, o ui.Options) *ui.Server {
	t.Helper()
	if o.Listener == nil {
		o.Listener = listen(t)
	}
	o.Page, o.Version = testPage, "v1"
	s, err := ui.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s.Close(ctx)
	})
	return s
}

// all returns a connection to a broker that subscribes to filters, or everything.
func all(url string, filters ...string) ui.Broker {
	b := ui.Broker{Name: "test", Connect: connect.Options{URL: url, Version: mqtt.VersionAuto}}
	if filters == nil {
		filters = ui.AllTopics()
	}
	for _, filter := range filters {
		b.Subscriptions = append(b.Subscriptions, mqtt.Subscription{Filter: filter, QoS: 1})
	}
	return b
}

// client returns a client of a broker that lives as long as the test.
func client(t *testing.T, url string, cfg mqtt.Config) *mqtt.Client {
	t.Helper()
	c, err := mqtt.Dial(t.Context(), url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = c.Close(ctx)
	})
	return c
}

// publish publishes at QoS 1.
func publish(t *testing.T, c *mqtt.Client, topic, payload string, retain bool) {
	t.Helper()
	if err := c.Publish(t.Context(), mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: 1, Retain: retain}); err != nil {
		t.Fatal(err)
	}
}

// viewer is a page that is open, as far as the server sees it.
type viewer struct {
	t    *testing.T
	conn *websocket.Conn

	mu      sync.Mutex
	id      int
	answers map[int]chan json.RawMessage
	pushes  []protocol.Push
	grown   chan struct{} // closed with the next push
	texts   []string      // all that came
	ended   chan struct{} // closed when the connection is gone
}

// token returns what stands behind the # of the server's address.
func token(s *ui.Server) string {
	_, token, _ := strings.Cut(s.Address(), "#")
	return token
}

// view opens a page.
func view(t *testing.T, s *ui.Server) *viewer {
	t.Helper()
	conn := socket(t, s)
	v := &viewer{t: t, conn: conn, answers: map[int]chan json.RawMessage{}, grown: make(chan struct{}), ended: make(chan struct{})}
	go v.read()
	t.Cleanup(func() {
		_ = conn.CloseNow()
		<-v.ended
	})
	return v
}

// socket opens the WebSocket of a page.
func socket(t *testing.T, s *ui.Server) *websocket.Conn {
	t.Helper()
	host, _, _ := strings.Cut(strings.TrimPrefix(s.Address(), "http://"), "/")
	conn, response, err := websocket.Dial(t.Context(), "ws://"+host+"/socket", &websocket.DialOptions{
		Subprotocols: []string{"dunlin", "token." + token(s)}, HTTPHeader: http.Header{"Origin": {"http://" + host}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if response.Body != nil {
		_ = response.Body.Close()
	}
	if conn.Subprotocol() != "dunlin" {
		t.Fatalf("the subprotocol is %q", conn.Subprotocol())
	}
	conn.SetReadLimit(64 << 20)
	return conn
}

// read takes what the server says until the connection is gone.
func (v *viewer) read() {
	defer close(v.ended)
	for {
		_, text, err := v.conn.Read(context.Background())
		if err != nil {
			return
		}
		v.take(text)
	}
}

// take takes a text.
func (v *viewer) take(text []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.texts = append(v.texts, string(text))
	var answer struct {
		ID int `json:"id"`
	}
	if json.Unmarshal(text, &answer) == nil && answer.ID != 0 {
		if c := v.answers[answer.ID]; c != nil {
			c <- text
		} else {
			v.t.Errorf("an answer that nobody waits for: %.200s", text)
		}
		delete(v.answers, answer.ID)
		return
	}
	var push protocol.Push
	if err := json.Unmarshal(text, &push); err != nil {
		v.t.Errorf("%v: %.200s", err, text)
	}
	v.pushes = append(v.pushes, push)
	close(v.grown)
	v.grown = make(chan struct{})
}

// begin asks for something, and returns where the answer comes.
func (v *viewer) begin(do string, with any) <-chan json.RawMessage {
	v.t.Helper()
	v.mu.Lock()
	v.id++
	id, answer := v.id, make(chan json.RawMessage, 1)
	v.answers[id] = answer
	v.mu.Unlock()
	parameters, err := json.Marshal(with)
	if err != nil {
		v.t.Fatal(err)
	}
	text, err := json.Marshal(protocol.Ask{ID: id, Do: do, With: parameters})
	if err != nil {
		v.t.Fatal(err)
	}
	if err := v.conn.Write(v.t.Context(), websocket.MessageText, text); err != nil {
		v.t.Fatal(err)
	}
	return answer
}

// ask asks for something, puts the answer into result unless that is nil, and returns what went wrong.
func (v *viewer) ask(do string, with, result any) error {
	v.t.Helper()
	var text json.RawMessage
	select {
	case text = <-v.begin(do, with):
	case <-time.After(patience):
		v.t.Fatalf("%s is not answered", do)
	}
	answer := struct {
		Result json.RawMessage `json:"result"`
		Error  string          `json:"error"`
	}{}
	if err := json.Unmarshal(text, &answer); err != nil {
		v.t.Fatalf("%s: %v: %.200s", do, err, text)
	}
	if answer.Error != "" {
		return fmt.Errorf("%s", answer.Error)
	}
	if result != nil {
		if err := json.Unmarshal(answer.Result, result); err != nil {
			v.t.Fatalf("%s: %v: %.200s", do, err, text)
		}
	}
	return nil
}

// must is ask where nothing goes wrong.
func (v *viewer) must(do string, with, result any) {
	v.t.Helper()
	if err := v.ask(do, with, result); err != nil {
		v.t.Fatalf("%s: %v", do, err)
	}
}

// await waits for a push that is right, of those that came or will come, the latest first.
func await[T any](v *viewer, what string, right func(p protocol.Push) (T, bool)) T {
	v.t.Helper()
	end := time.After(patience)
	for seen := 0; ; {
		v.mu.Lock()
		pushes, grown := v.pushes, v.grown
		v.mu.Unlock()
		for i := len(pushes) - 1; i >= seen; i-- {
			if found, ok := right(pushes[i]); ok {
				return found
			}
		}
		seen = len(pushes)
		select {
		case <-grown:
		case <-end:
			v.t.Fatalf("the page is not told: %s; it was told:\n%.3000s", what, strings.Join(v.texts[max(len(v.texts)-5, 0):], "\n"))
		}
	}
}

// forget has await look only at what comes from now on.
func (v *viewer) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pushes = nil
}

// connected waits until a connection stands and all its subscriptions were answered, and returns it.
func (v *viewer) connected(id int) protocol.Connection {
	v.t.Helper()
	return v.connection(id, "connected", func(c protocol.Connection) bool { return c.State == "connected" })
}

// connection waits until a connection is as it should be.
func (v *viewer) connection(id int, what string, right func(c protocol.Connection) bool) protocol.Connection {
	v.t.Helper()
	return await(v, what, func(p protocol.Push) (protocol.Connection, bool) {
		if p.Hello == nil {
			return protocol.Connection{}, false
		}
		for _, c := range p.Hello.Connections {
			if c.ID == id && right(c) {
				return c, true
			}
		}
		return protocol.Connection{}, false
	})
}

// row waits for the row of a level with a name.
func (v *viewer) row(name string, right func(r protocol.Row) bool) protocol.Row {
	v.t.Helper()
	return await(v, "the row "+name, func(p protocol.Push) (protocol.Row, bool) {
		if p.Rows == nil {
			return protocol.Row{}, false
		}
		for _, r := range p.Rows.Rows {
			if r.Name == name && (right == nil || right(r)) {
				return r, true
			}
		}
		return protocol.Row{}, false
	})
}

// contextOf returns a context that ends with the test, or after some time.
func contextOf(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
