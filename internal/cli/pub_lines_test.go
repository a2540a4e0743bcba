package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dunlin/internal/environ"
	"dunlin/internal/feed"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// gathering is a subscriber to everything, which sorts it by topic.
type gathering struct {
	t      *testing.T
	client *mqtt.Client
	came   chan *mqtt.Received
	ends   int
}

func newGathering(t *testing.T, url string) *gathering {
	t.Helper()
	g := &gathering{t: t, came: make(chan *mqtt.Received, 10_000)}
	client, err := mqtt.Dial(t.Context(), url, mqtt.Config{ClientID: "gathering"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(context.Background()) })
	g.client = client
	keep := func(_ context.Context, m *mqtt.Received) { g.came <- m }
	if _, err := client.Subscribe(t.Context(), mqtt.Subscription{Filter: "#", QoS: 1, Handler: keep}); err != nil {
		t.Fatal(err)
	}
	return g
}

// payloads returns what has come so far, by topic: what was acknowledged by the broker before comes in front of a message
// published now.
func (g *gathering) payloads() map[string][]string {
	g.t.Helper()
	g.ends++
	end := strconv.Itoa(g.ends)
	if err := g.client.Publish(g.t.Context(), mqtt.Message{Topic: "end", Payload: []byte(end), QoS: 1}); err != nil {
		g.t.Fatal(err)
	}
	all := map[string][]string{}
	limit := time.After(time.Minute)
	for {
		select {
		case m := <-g.came:
			if m.Topic == "end" && string(m.Payload) == end {
				return all
			}
			all[m.Topic] = append(all[m.Topic], string(m.Payload))
		case <-limit:
			g.t.Fatal("the last message does not come")
		}
	}
}

// stdinBytes draws what may come on stdin.
var stdinBytes = rapid.Custom(func(t *rapid.T) []byte {
	var input []byte
	for range rapid.IntRange(0, 8).Draw(t, "parts") {
		switch rapid.IntRange(0, 9).Draw(t, "part") {
		case 0, 1, 2:
			input = append(input, '\n')
		case 3:
			input = append(input, "\r\n"...)
		case 4:
			input = append(input, bytes.Repeat([]byte("x"), rapid.IntRange(1000, 9000).Draw(t, "long"))...)
		case 5:
			input = append(input, rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes")...)
		case 6:
			input = append(input, rapid.SampledFrom([]string{"\x00", "\xff\xfe", "\x1b[2J", "\x7f", "\x1a", "\x04"}).Draw(t, "odd")...)
		default:
			input = append(input, rapid.SampledFrom([]string{"a", "b c", "ü", " ", "\t", "\\n"}).Draw(t, "text")...)
		}
	}
	return input
})

// publishBy runs a command and its rival with the same stdin, each to a topic of its own name, and fails unless they end
// with the same status.
func publishBy(t *rapid.T, all *testing.T, port string, input []byte, args ...string) {
	t.Helper()
	args = append([]string{"-h", "127.0.0.1", "-p", port, "-q", "1"}, args...)
	rival := exec.Command("mosquitto_pub", append(args, "-t", "mosquitto", "--nodelay")...)
	rival.Stdin = bytes.NewReader(input)
	ours := start(all, func(e *environ.Environment) { e.Stdin = bytes.NewReader(input) }, append(append([]string{"pub"}, args...), "-t", "dunlin")...)
	exit := (*exec.ExitError)(nil)
	if out, err := rival.CombinedOutput(); err != nil && !errors.As(err, &exit) {
		t.Fatalf("mosquitto_pub: %v: %s", err, out)
	}
	if status, want := ours.wait(all), rival.ProcessState.ExitCode(); status != want {
		t.Fatalf("status %d, mosquitto_pub has %d; stderr:\n%s", status, want, ours.stderr.String())
	}
}

// TestStdinAsMosquittoTakesIt feeds arbitrary bytes to pub and to Debian's mosquitto_pub: the same messages arrive. A byte 0
// is another matter in lines: pub keeps it, mosquitto_pub loses what is behind it, as feed.LineRules can.
func TestStdinAsMosquittoTakesIt(t *testing.T) {
	t.Parallel()
	broker := mosquitto.Start(t, mosquitto.Options{Config: []string{"set_tcp_nodelay true"}})
	port, gathered := portOf(t, broker.Addr()), newGathering(t, broker.URL())
	file := filepath.Join(t.TempDir(), "message")
	rapid.Check(t, func(rt *rapid.T) {
		input := stdinBytes.Draw(rt, "stdin")
		mode := rapid.SampledFrom([]string{"-l", "-s", "-f"}).Draw(rt, "mode")
		args := []string{mode}
		if mode == "-f" {
			args = append(args, file)
			if err := os.WriteFile(file, input, 0o600); err != nil {
				rt.Fatal(err)
			}
		}
		publishBy(rt, t, port, input, args...)
		came := gathered.payloads()
		want := came["mosquitto"]
		if mode == "-l" && bytes.IndexByte(input, 0) >= 0 {
			if got := linesOf(t, input, feed.LineRules{EndAtNUL: true}); !slices.Equal(got, want) {
				rt.Fatalf("with a byte 0 in a line mosquitto_pub publishes %q, the rules say %q", want, got)
			}
			want = linesOf(t, input, feed.LineRules{})
		}
		if !slices.Equal(came["dunlin"], want) {
			rt.Fatalf("published %q, mosquitto_pub %q", came["dunlin"], want)
		}
	})
}

// linesOf cuts input into lines.
func linesOf(t *testing.T, input []byte, rules feed.LineRules) []string {
	t.Helper()
	var all []string
	s := feed.Lines(bytes.NewReader(input), mqtt.Message{}, rules)
	for {
		m, err := s.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(m.Payload))
	}
}
