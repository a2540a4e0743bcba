package capture_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"dunlin/internal/load/result"
	"dunlin/internal/mosquitto"
)

// dunlin is the command, built by TestMain.
var dunlin string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "capture")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }()
	dunlin = filepath.Join(folder, "dunlin")
	if runtime.GOOS == "windows" {
		dunlin += ".exe"
	}
	build := exec.Command("go", "build", "-o", dunlin, "./cmd/dunlin")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build ./cmd/dunlin: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// clients is how many a load has; each publishes on a connection of its own.
const clients = 10

// bench runs "dunlin bench" against a port and returns what it measured.
func bench(t *testing.T, port int, args ...string) result.Result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "result.json")
	args = append([]string{"bench", args[0], "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-V", "5", "-c", strconv.Itoa(clients), "--json", file}, args[1:]...)
	if out, err := exec.CommandContext(t.Context(), dunlin, args...).CombinedOutput(); err != nil {
		t.Fatalf("dunlin %v: %v\n%s", args, err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r result.Result
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// attempts is how often a comparison may fail before it counts: another program that takes the processor for a moment delays what
// dunlin sees, and not what the capture does.
const attempts = 3

// agree expects the percentiles of a histogram to be those of the capture, within 5 %, in one of the attempts. No attempt may have fewer
// messages than the capture, or say that they were faster.
func agree(t *testing.T, measure func(t *testing.T) (result.Histogram, []time.Duration)) {
	t.Helper()
	for attempt := range attempts {
		h, took := measure(t)
		if int64(len(took)) != h.Count() || len(took) == 0 {
			t.Fatalf("the capture has %d times, the result %d", len(took), h.Count())
		}
		slices.Sort(took)
		agreed := true
		for _, p := range []float64{50, 90, 99} {
			wire := took[int(math.Ceil(float64(len(took))*p/100))-1] // the least that p per cent do not exceed
			measured := h.Percentile(p)
			t.Logf("p%g: dunlin %v, on the wire %v, %+.2f %%", p, measured, wire, 100*float64(measured-wire)/float64(wire))
			if measured < wire-wire/20 {
				t.Errorf("p%g: dunlin says %v, and on the wire it took %v", p, measured, wire)
			}
			agreed = agreed && measured <= wire+wire/20
		}
		if agreed {
			return
		}
		t.Logf("attempt %d of %d differs", attempt+1, attempts)
	}
	t.Error("the percentiles are more than 5 % above those of the capture")
}

// far starts a server a long way off, and returns the port of the way's near end.
func far(t *testing.T) int {
	t.Helper()
	// Without a limit, so that nothing waits at the client for its turn.
	return distant(t, mosquitto.Start(t, mosquitto.Options{Config: []string{"max_inflight_messages 0"}}).Addr())
}

// From the writing of a PUBLISH to its PUBACK, which the result calls wire. The latency called publish begins earlier, when the message
// was due, which no capture can see.
func TestPublishLatencyAgreesWithTheWire(t *testing.T) {
	agree(t, func(t *testing.T) (result.Histogram, []time.Duration) {
		port := far(t)
		end := tshark(t, port)
		r := bench(t, port, "pub", "-q", "1", "--rate", "200", "--duration", "3s")
		return r.Latencies[result.Wire], acknowledged(end(clients), port)
	})
}

// From the time when a message was due to its answer: with a generator that is on time that is the time on the wire.
func TestRoundTripAgreesWithTheWire(t *testing.T) {
	agree(t, func(t *testing.T) (result.Histogram, []time.Duration) {
		port := far(t)
		end := tshark(t, port)
		r := bench(t, port, "rtt", "--rate", "100", "--duration", "3s")
		return r.Latencies[result.RoundTrip], answered(end(clients+1), port) // with the client that echoes
	})
}
