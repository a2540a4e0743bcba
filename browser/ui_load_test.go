package browser_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// load is what dunlin bench publishes while a page is looked at.
type load struct{ clients, topics, rate, seconds int }

// total is how many messages it has.
func (l load) total() int { return l.rate * l.seconds / l.clients * l.clients }

// TestUIUnderLoad looks at a page while a load runs, and prints how long clicks take and how much memory the viewer has. What has to
// be so on any machine is checked: nothing that was received is missing, and the broker dropped nothing. UI_MEASURE=1 runs the load
// that the goals are for: 100,000 topics and 20,000 messages a second.
func TestUIUnderLoad(t *testing.T) {
	l := load{clients: 10, topics: 2000, rate: 2000, seconds: 4}
	if os.Getenv("UI_MEASURE") != "" {
		l = load{clients: 10, topics: 100_000, rate: 20_000, seconds: 40}
	}
	// Mosquitto's own limit of what waits for a client that is slow; what is above is dropped.
	b := mosquitto.Start(t, mosquitto.Options{Config: []string{"sys_interval 1", "max_queued_messages 1000"}})
	address, viewer := commandProcess(t, "ui", b.URL(), "-t", "bench/#", "-t", "numbered")
	p := openUI(t, address, look{width: 1280})
	p.shows(".head", "connected")
	ended := l.start(t, b)
	numbers := startNumbers(t, b)
	p.shows(".tree-row .name", "numbered")
	await[bool](p, "all topics", fmt.Sprintf(`Number(document.querySelector('.head').textContent.replaceAll(',', '').match(/(\d+) topics/)?.[1]) >= %d`, l.topics))
	p.openTo("bench", "pub")
	clicks := p.clickRows(20)
	memory := memoryOf(viewer.Pid)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	published := numbers()
	p.shows(".head", fmt.Sprintf("%s messages", thousands(l.total()+published)))
	p.missesNothing(published)
	if dropped := droppedBy(t, b); dropped != "0" {
		t.Errorf("Mosquitto dropped %s messages", dropped)
	}
	slices.Sort(clicks)
	t.Logf("%d topics, %d messages a second: from a click to the topic on the screen %.0f ms (median of %d, longest %.0f); %d MB of memory, at most %d",
		l.topics, l.rate, clicks[len(clicks)/2], len(clicks), clicks[len(clicks)-1], memory.now>>20, memoryOf(viewer.Pid).most>>20)
}

// start runs dunlin bench, and gives what it says at its end.
func (l load) start(t *testing.T, b *mosquitto.Broker) <-chan error {
	t.Helper()
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), name, "bench", "pub", b.URL(), "-c", fmt.Sprint(l.clients), "--topics", fmt.Sprint(l.topics/l.clients),
		"--rate", fmt.Sprint(l.rate), "-C", fmt.Sprint(l.total()/l.clients), "--quiet")
	ended := make(chan error, 1)
	go func() {
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("dunlin bench: %w: %s", err, out)
		}
		ended <- err
	}()
	return ended
}

// startNumbers publishes 1, 2, 3 and so on, until the function is called, which returns the last of them.
func startNumbers(t *testing.T, b *mosquitto.Broker) func() int {
	t.Helper()
	c := publisher(t, b.URL(), mqtt.Config{})
	var stop atomic.Bool
	last := make(chan int)
	go func() {
		n := 0
		pace := time.NewTicker(2 * time.Millisecond)
		defer pace.Stop()
		for !stop.Load() {
			<-pace.C
			if err := c.Publish(t.Context(), mqtt.Message{Topic: "numbered", Payload: strconv.AppendInt(nil, int64(n+1), 10), QoS: 1}); err != nil {
				break
			}
			n++
		}
		last <- n
	}()
	return func() int {
		stop.Store(true)
		return <-last
	}
}

// openTo opens branches, each below the one before.
func (b *tab) openTo(names ...string) {
	b.t.Helper()
	for _, name := range names {
		row := fmt.Sprintf(`[...document.querySelectorAll('.tree-row')].find((e) => e.checkVisibility() && e.querySelector('.name').textContent === %s)`, quoted(name))
		await[bool](b, "the row "+name, row+`?.ariaExpanded !== undefined`)
		eval[int](b, fmt.Sprintf(`(() => { const e = %s; if (e.ariaExpanded === 'false') e.querySelector('.twist').dispatchEvent(new MouseEvent('click', {bubbles: true})); return 1; })()`, row))
		await[bool](b, "the branch "+name, row+`?.ariaExpanded === 'true'`)
	}
}

// clickRows clicks topics, and returns the milliseconds from each click to the frame that has the topic, its latest message and its history.
func (b *tab) clickRows(n int) []float64 {
	b.t.Helper()
	return evaluatedAs[[]float64](b, fmt.Sprintf(`(async () => {
		const frame = () => new Promise((done) => requestAnimationFrame(done));
		const leaves = () => [...document.querySelectorAll('.tree-row:not([hidden])')].filter((e) => !e.ariaExpanded && e.ariaLevel === '3' && e.checkVisibility());
		while (leaves().length < 20) await frame();
		const times = [];
		for (let i = 0; i < %d; i++) {
			const rows = leaves(), row = rows[i %% rows.length], name = row.querySelector('.name').textContent;
			document.querySelector('.value-view').replaceChildren();
			const start = performance.now();
			row.querySelector('.name').click();
			do await frame(); while (document.querySelector('.topic-name .last')?.textContent !== name || !document.querySelector('.value-view').textContent || !document.querySelector('.history-row:not([hidden])'));
			await frame();
			times.push(performance.now() - start);
		}
		return times;
	})()`, n))
}

// missesNothing reads the whole history of the numbers, as far as it is kept, over a WebSocket of the page's own.
func (b *tab) missesNothing(published int) {
	b.t.Helper()
	b.write("Search topics and values", "numbered")
	b.shows(".tree-status", "1 of ")
	b.row("numbered")
	await[bool](b, "the address of the topic", `/&n=\d+/.test(location.hash) && document.querySelector('.topic-name').textContent === 'numbered'`)
	type history struct {
		First, Last, Kept int
		Wrong             []string
	}
	h := evaluatedAs[history](b, `new Promise((done) => {
		const token = location.hash.slice(1).split('&')[0], [connection, node] = ['c', 'n'].map((k) => Number(new URLSearchParams(location.hash.slice(1)).get(k)));
		const socket = new WebSocket('ws://' + location.host + '/socket', ['dunlin', 'token.' + token]), result = {First: 0, Last: 0, Kept: 0, Wrong: []};
		let expected;
		const ask = (what, parameters) => socket.send(JSON.stringify({id: 1, do: what, with: {connection, node, ...parameters}}));
		socket.onopen = () => ask('look', {});
		socket.onmessage = (e) => {
			const m = JSON.parse(e.data);
			if (m.id !== 1) return;
			if (!Array.isArray(m.result)) {
				if (m.error || !m.result) { result.Wrong.push(m.error ?? 'no answer'); socket.close(); done(result); return; }
				result.First = m.result.first;
				expected = result.Last = m.result.last;
			}
			for (const entry of Array.isArray(m.result) ? m.result : []) {
				if (entry.i !== expected || entry.v !== String(expected)) result.Wrong.push(expected + ' is ' + entry.i + ' with ' + entry.v);
				expected = entry.i - 1;
				result.Kept++;
			}
			if (expected < result.First || result.Wrong.length > 5) { socket.close(); done(result); } else ask('history', {last: expected, count: 500});
		};
	})`)
	if len(h.Wrong) > 0 || h.Last != published || h.Kept != h.Last-h.First+1 {
		b.t.Errorf("of %d numbers, the history has %d from %d to %d; wrong: %v", published, h.Kept, h.First, h.Last, h.Wrong)
	}
}

type used struct{ now, most int64 }

// memoryOf is what a process uses, where the system tells.
func memoryOf(pid int) (u used) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u // not Linux
	}
	for name, value := range map[string]*int64{"VmRSS": &u.now, "VmHWM": &u.most} {
		if m := regexp.MustCompile(name + `:\s*(\d+) kB`).FindSubmatch(status); m != nil {
			*value, _ = strconv.ParseInt(string(m[1]), 10, 64) // they are digits
			*value <<= 10
		}
	}
	return u
}

// droppedBy is how many messages Mosquitto says that it dropped, when it says so the next time.
func droppedBy(t *testing.T, b *mosquitto.Broker) string {
	t.Helper()
	came := make(chan string, 1)
	c := publisher(t, b.URL(), mqtt.Config{})
	if _, err := c.Subscribe(t.Context(), mqtt.Subscription{Filter: "$SYS/broker/publish/messages/dropped", Handler: func(_ context.Context, m *mqtt.Received) {
		select {
		case came <- string(m.Payload):
		default:
		}
	}}); err != nil {
		t.Fatal(err)
	}
	return <-came
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
