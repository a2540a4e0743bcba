package sparkplug_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
	"dunlin/mqtt/sparkplug"
)

// patience is how long a test waits for what should come at once.
const patience = time.Minute

// within returns a context that ends when the patience of a test does.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// bothVersions runs a test against the real Mosquitto with MQTT 3.1.1 and 5.
func bothVersions(t *testing.T, test func(t *testing.T, b *mosquitto.Broker, cfg mqtt.Config)) {
	t.Helper()
	for version, name := range map[mqtt.Version]string{mqtt.V311: "MQTT 3.1.1", mqtt.V5: "MQTT 5"} {
		t.Run(name, func(t *testing.T) {
			b := mosquitto.Start(t, mosquitto.Options{})
			test(t, b, mqtt.Config{Version: version, Reconnect: &mqtt.Reconnect{MinDelay: 10 * time.Millisecond, MaxDelay: 50 * time.Millisecond}})
		})
	}
}

// journal is what came, as a test waits for it.
type journal struct {
	t     *testing.T
	mu    sync.Mutex
	lines []string
	more  chan struct{}
}

func newJournal(t *testing.T) *journal { return &journal{t: t, more: make(chan struct{}, 1)} }

func (j *journal) add(format string, args ...any) {
	j.mu.Lock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
	j.mu.Unlock()
	select {
	case j.more <- struct{}{}:
	default:
	}
}

// wait returns the line that has all the words, and fails the test if it does not come. Lines before it are dropped.
func (j *journal) wait(words ...string) string {
	j.t.Helper()
	return j.await(words, false)
}

// until is wait that drops nothing.
func (j *journal) until(words ...string) {
	j.t.Helper()
	j.await(words, true)
}

func (j *journal) await(words []string, keep bool) string {
	j.t.Helper()
	limit := time.After(patience)
	for {
		if line, ok := j.take(words, keep); ok {
			return line
		}
		select {
		case <-j.more:
		case <-limit:
			j.t.Fatalf("nothing with %q came, but\n%s", words, strings.Join(j.rest(), "\n"))
		}
	}
}

func (j *journal) take(words []string, keep bool) (string, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, line := range j.lines {
		has := true
		for _, word := range words {
			has = has && strings.Contains(line, word)
		}
		if has {
			if !keep {
				j.lines = j.lines[i+1:]
			}
			return line, true
		}
	}
	return "", false
}

func (j *journal) rest() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.lines...)
}

// events writes the events of a host.
func (j *journal) events(_ context.Context, e sparkplug.Event) {
	line := fmt.Sprintf("%s %s", e.Kind, e.ID)
	for _, m := range e.Metrics {
		line += fmt.Sprintf(" %s=%v", m.Name, m.Value)
		if m.Historical {
			line += "(historical)"
		}
	}
	if e.Err != nil {
		line += " because " + e.Err.Error()
	}
	j.add("%s", line)
}

// raw subscribes to a filter and writes all messages, payloads of Sparkplug in words.
func (j *journal) raw(url string, version mqtt.Version, filter string) *mqtt.Client {
	j.t.Helper()
	c, err := mqtt.Dial(within(j.t), url, mqtt.Config{Version: version})
	if err != nil {
		j.t.Fatal(err)
	}
	j.t.Cleanup(func() { _ = c.Close(context.Background()) })
	sub := mqtt.Subscription{Filter: filter, QoS: mqtt.AtLeastOnce, RetainAsPublished: version == mqtt.V5, Handler: func(_ context.Context, m *mqtt.Received) {
		j.add("%s", inWords(m))
	}}
	if _, err := c.Subscribe(within(j.t), sub); err != nil {
		j.t.Fatal(err)
	}
	return c
}

func inWords(m *mqtt.Received) string {
	line := fmt.Sprintf("%s QoS %d retain %t", m.Topic, m.QoS, m.Retain)
	p, err := sparkplug.Unmarshal(m.Payload)
	if strings.Contains(m.Topic, "STATE") || err != nil {
		return line + " " + string(m.Payload)
	}
	if p.HasSeq {
		line += fmt.Sprintf(" seq %d", p.Seq)
	}
	for _, m := range p.Metrics {
		line += " [" + m.Name
		if m.HasAlias {
			line += fmt.Sprintf(" alias %d", m.Alias)
		}
		if m.Type != 0 {
			line += " " + m.Type.String()
		}
		if template, ok := m.Value.(*sparkplug.Template); ok {
			line += fmt.Sprintf(" %+v", template)
		} else {
			line += fmt.Sprintf(" %v", m.Value)
		}
		if m.Historical {
			line += " historical"
		}
		line += "]"
	}
	return line
}

// startNode starts an edge node that is closed with the test.
func startNode(t *testing.T, url string, cfg sparkplug.EdgeNodeConfig) *sparkplug.EdgeNode {
	t.Helper()
	n, err := sparkplug.StartEdgeNode(within(t), url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close(context.Background()) })
	return n
}

// startHost starts a host application that is closed with the test, and writes its events.
func startHost(t *testing.T, url string, cfg sparkplug.HostConfig) (*sparkplug.Host, *journal) {
	t.Helper()
	j := newJournal(t)
	cfg.OnEvent = j.events
	h, err := sparkplug.StartHost(within(t), url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close(context.Background()) })
	return h, j
}

// startChecker starts a checker and fails the test if it has found a break by its end.
func startChecker(t *testing.T, url string, cfg mqtt.Config) *sparkplug.Checker {
	t.Helper()
	c, err := sparkplug.StartChecker(within(t), url, sparkplug.CheckerConfig{
		FromStart: true, MQTT: cfg, OnBreak: func(b sparkplug.Break) { t.Errorf("a rule is broken: %s", b) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// report returns what a checker has seen when it is enough. The checker has a connection of its own, and may be behind.
func report(t *testing.T, c *sparkplug.Checker, enough func(r sparkplug.CheckReport) bool) sparkplug.CheckReport {
	t.Helper()
	limit := within(t)
	for {
		r := c.Report()
		if enough(r) {
			return r
		}
		select {
		case <-time.After(time.Millisecond):
		case <-limit.Done():
			t.Fatalf("the checker has seen only %+v", r)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
