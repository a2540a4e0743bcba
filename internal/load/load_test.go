package load_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dunlin/broker"
	"dunlin/internal/load"
	"dunlin/internal/load/loadtest"
	"dunlin/internal/load/result"
	"dunlin/internal/load/scenario"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// embedded starts an embedded broker.
func embedded(t *testing.T) string {
	t.Helper()
	b, err := broker.Start(t.Context(), broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b.URLs()[0]
}

// unlimited has Mosquitto queue whatever comes.
var unlimited = mosquitto.Options{Config: []string{"max_queued_messages 0"}}

// fanIn is a scenario of publishers and one subscriber, until all is published.
func fanIn(publishers, count int, qos byte) scenario.Scenario {
	return scenario.FanIn(scenario.Options{
		Clients: publishers, First: 1, Count: count, QoS: qos, Size: 64, InFlight: 20, Topics: 3, Drain: 10 * time.Second,
	})
}

// run runs a load that is to succeed.
func run(t *testing.T, url string, version mqtt.Version, s scenario.Scenario) result.Result {
	t.Helper()
	r, err := load.Run(t.Context(), load.Options{URL: url, Config: mqtt.Config{Version: version}, Verify: true}, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryMessageIsAccountedFor(t *testing.T) {
	for name, url := range map[string]string{"embedded": embedded(t), "Mosquitto": mosquitto.Start(t, unlimited).URL()} {
		for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
			for qos := range byte(3) {
				r := run(t, url, version, fanIn(4, 300, qos))
				checkExact(t, name, &r, 1200, qos)
			}
		}
	}
}

// checkExact expects n messages to have come, and all figures to say so.
func checkExact(t *testing.T, name string, r *result.Result, n int64, qos byte) {
	t.Helper()
	a := r.Verified
	if a.Expected != uint64(n) || a.Received != uint64(n) || a.Lost+a.Doubled+a.Disordered+a.Corrupted+a.Unsure+a.Foreign > 0 {
		t.Errorf("%s, QoS %d: %+v", name, qos, *a)
	}
	c := r.Counts
	acknowledged := n
	if qos == 0 {
		acknowledged = 0
	}
	if c.Due != n || c.Published != n || c.Received != n || c.Acknowledged != acknowledged || c.PublishErrors != 0 || c.BytesOut != 64*n || c.BytesIn != 64*n {
		t.Errorf("%s, QoS %d: %+v", name, qos, c)
	}
	for kind, want := range map[string]int64{result.Delivery: n, result.Publish: acknowledged, result.Wire: acknowledged, result.Connect: c.Connects} {
		if h := r.Latencies[kind]; h.Count() != want {
			t.Errorf("%s, QoS %d: %d in the histogram %s, want %d", name, qos, h.Count(), kind, want)
		}
	}
	var timeline, delivered int64
	for _, s := range r.Timeline {
		timeline += s.Received
		delivered += s.Latency.Count()
	}
	if timeline != n || delivered != n {
		t.Errorf("%s, QoS %d: the seconds have %d messages and %d latencies", name, qos, timeline, delivered)
	}
}

// TestInjectedFaultsAreFound loses, doubles, swaps and corrupts a message each on its way from the server.
func TestInjectedFaultsAreFound(t *testing.T) {
	var held []byte
	url := loadtest.StartProxy(t, mosquitto.Start(t, unlimited).URL(), func(fromServer bool, number int, frame []byte) [][]byte {
		switch {
		case !fromServer:
		case number == 50:
			return nil
		case number == 100:
			return [][]byte{frame, frame}
		case number == 150:
			held = frame
			return nil
		case number == 151:
			return [][]byte{frame, held}
		case number == 200:
			frame[len(frame)-1] ^= 1
		}
		return [][]byte{frame}
	})
	s := fanIn(1, 300, 0)
	s.Groups[1].Publish[0].Topics = 1
	s.Drain = time.Second // one message will not come
	r := run(t, url, mqtt.V311, s)
	a := r.Verified
	if a.Expected != 300 || a.Received != 299 || a.Lost != 1 || a.Doubled != 1 || a.Disordered != 1 || a.Corrupted != 1 {
		t.Errorf("%+v", *a)
	}
	if named := strings.Join(a.Named, "\n"); !strings.Contains(named, "sub/1 lost 50 of pub/1 to bench/fan-in/1") {
		t.Errorf("named:\n%s", named)
	}
}

// TestLatencyCountsFromTheTimeDue stops a server until 100 more messages are due: each of them waited as long as it was due before.
func TestLatencyCountsFromTheTimeDue(t *testing.T) {
	const rate, stopsAt, resumesAt = 1000, 50, 250
	resume := make(chan struct{})
	url := loadtest.StartProxy(t, mosquitto.Start(t, unlimited).URL(), func(fromServer bool, number int, frame []byte) [][]byte {
		if !fromServer && number == stopsAt {
			<-resume
		}
		return [][]byte{frame}
	})
	s := scenario.Pub(scenario.Options{Clients: 1, First: 1, Rate: rate, Duration: time.Second / 2, QoS: 1, Size: 64, Drain: 10 * time.Second})
	var resumed atomic.Bool
	r, err := load.Run(t.Context(), load.Options{
		URL: url, Config: mqtt.Config{Version: mqtt.V311}, Every: time.Millisecond,
		Progress: func(p load.Progress) {
			if p.Counts.Due >= resumesAt && resumed.CompareAndSwap(false, true) {
				close(resume)
			}
		},
	}, s)
	if err != nil {
		t.Fatal(err)
	}
	if r.Counts.Due != rate/2 || r.Counts.Published != rate/2 || r.Counts.Acknowledged != rate/2 {
		t.Errorf("%+v", r.Counts)
	}
	waited := int64(0) // at least 100 ms
	h := r.Latencies[result.Publish]
	for _, b := range h.Bars() {
		if b.From >= 100*time.Millisecond {
			waited += b.Count
		}
	}
	if waited < resumesAt-stopsAt-101 {
		t.Errorf("%d messages waited 100 ms or longer, and at least %d did", waited, resumesAt-stopsAt-101)
	}
}

// TestRatesAreExact counts what a ramp and a warm-up leave.
func TestRatesAreExact(t *testing.T) {
	url := embedded(t)
	s := scenario.FanIn(scenario.Options{Clients: 7, First: 1, Rate: 700, Duration: time.Second, Size: 64, Drain: 10 * time.Second})
	s.Phases = []scenario.Phase{{Name: "ramp", Duration: time.Second / 2, From: 0, To: 1}, {Name: "even", Duration: time.Second / 2, From: 1, To: 1}}
	r := run(t, url, mqtt.V5, s)
	if n := r.Counts.Due; n < 525-7 || n > 525+7 || r.Counts.Published != n || r.Counts.Received != n {
		t.Errorf("%+v", r.Counts) // 175 and 350 messages, and the beginning of one of each client
	}
	if r.Seconds != 1 {
		t.Errorf("%v s", r.Seconds)
	}
	s.Phases, s.Warmup = s.Phases[1:], time.Second/4
	r = run(t, url, mqtt.V5, s)
	if n := r.Verified.Expected; n != 350 || r.Verified.Lost != 0 || r.Counts.Due >= 350 || r.Seconds != 0.25 {
		t.Errorf("%d expected, %+v in %v s", n, r.Counts, r.Seconds)
	}
}

// TestRoundTrips has an echo answer, also to what has no place for a header.
func TestRoundTrips(t *testing.T) {
	for name, url := range map[string]string{"embedded": embedded(t), "Mosquitto": mosquitto.Start(t, unlimited).URL()} {
		for _, o := range []scenario.Options{
			{Clients: 2, Count: 50, QoS: 1, Size: 64}, {Clients: 2, Count: 50, Payload: `{"n":{{.N}}}`}, {Clients: 2, Count: 50, Rate: 1000, QoS: 2, Size: 64},
		} {
			o.First, o.Drain = 1, 10*time.Second
			r := run(t, url, mqtt.V5, scenario.RTT(o))
			h := r.Latencies[result.RoundTrip]
			if a := r.Verified; h.Count() != 100 || a.Expected != 200 || a.Received != 200 || a.Lost+a.Doubled+a.Disordered+a.Corrupted+a.Foreign > 0 {
				t.Errorf("%s: %d round trips, %+v, of %+v", name, h.Count(), *a, o)
			}
		}
	}
}

// TestShareAndFanOut has each message come once to a group, and once to each of many.
func TestShareAndFanOut(t *testing.T) {
	url := mosquitto.Start(t, unlimited).URL()
	o := scenario.Options{Clients: 5, First: 1, Count: 200, QoS: 1, Size: 64, Drain: 10 * time.Second}
	r := run(t, url, mqtt.V5, scenario.Share(o))
	checkExact(t, "share", &r, 200, 1)
	r = run(t, url, mqtt.V5, scenario.FanOut(o))
	if a := r.Verified; a.Expected != 1000 || a.Received != 1000 || r.Counts.Received != 1000 || a.Lost+a.Doubled+a.Disordered > 0 {
		t.Errorf("%+v, %+v", *a, r.Counts)
	}
}

// TestDroppedLinksLoseNothing breaks links under sessions that are kept: every message comes all the same, and each drop is told.
func TestDroppedLinksLoseNothing(t *testing.T) {
	for _, expiry := range []time.Duration{0, time.Minute} { // 0: for ever
		dropLinks(t, expiry)
	}
}

func dropLinks(t *testing.T, expiry time.Duration) {
	url := mosquitto.Start(t, unlimited).URL()
	s := scenario.FanIn(scenario.Options{
		Clients: 3, First: 1, Rate: 600, Duration: 1500 * time.Millisecond, QoS: 1, Size: 64, KeepSession: true,
		SessionExpiry: expiry, Drain: 20 * time.Second,
	})
	s.Phases[0].Drops = true
	for i := range s.Groups {
		s.Groups[i].Drop = &scenario.Drop{Every: 500 * time.Millisecond, For: 10 * time.Millisecond}
	}
	r := run(t, url, mqtt.V5, s)
	if a := r.Verified; a.Lost > 0 || a.Expected != 900 || a.Corrupted > 0 {
		t.Errorf("%+v", *a)
	}
	dropped := int64(0)
	for _, e := range r.Events {
		if e.Kind == "dropped" {
			dropped++
		}
	}
	if r.Counts.Dropped == 0 || dropped != r.Counts.Dropped || r.Counts.Lost != 0 || r.Counts.Connects != int64(4)+r.Counts.Dropped {
		t.Errorf("%d events of drops, %+v", dropped, r.Counts)
	}
}

// TestClientsThatOnlyConnectComeBack has the server die under them.
func TestClientsThatOnlyConnectComeBack(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	s := scenario.Conn(scenario.Options{Clients: 20, First: 1, Duration: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var killed atomic.Bool
	r, err := load.Run(ctx, load.Options{URL: b.URL(), Config: mqtt.Config{Version: mqtt.V5}, Every: 5 * time.Millisecond, Progress: func(p load.Progress) {
		if p.Online == 20 && killed.CompareAndSwap(false, true) {
			b.Restart()
		} else if p.Online == 20 && p.Counts.Connects == 40 {
			cancel()
		}
	}}, s)
	if err != nil || r.Counts.Connects != 40 || r.Counts.Lost != 20 {
		t.Errorf("%v, %+v", err, r.Counts)
	}
}

// TestCancelStillReports ends a run early.
func TestCancelStillReports(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := scenario.FanIn(scenario.Options{Clients: 2, First: 1, QoS: 1, Size: 64, Duration: time.Hour, Drain: 10 * time.Second})
	r, err := load.Run(ctx, load.Options{URL: embedded(t), Config: mqtt.Config{Version: mqtt.V5}, Verify: true, Every: time.Millisecond, Progress: func(p load.Progress) {
		if p.Counts.Received >= 100 {
			cancel()
		}
	}}, s)
	if err != nil {
		t.Fatal(err)
	}
	if a := r.Verified; a.Received < 100 || a.Received != a.Expected || r.Counts.Received != int64(a.Received) || r.Seconds <= 0 {
		t.Errorf("%+v, %+v", *a, r.Counts)
	}
}

// TestWhatCannotBeMeasuredIsAnError says why at once.
func TestWhatCannotBeMeasuredIsAnError(t *testing.T) {
	var unreachable *dial.Error
	if _, err := load.Run(t.Context(), load.Options{URL: "mqtt://127.0.0.1:1"}, fanIn(100, 1, 0)); !errors.As(err, &unreachable) {
		t.Errorf("nobody there: %v", err)
	}
	s := fanIn(1, 1, 0)
	s.Groups[1].Publish[0].Size = 35
	_, err := load.Run(t.Context(), load.Options{URL: embedded(t), Config: mqtt.Config{Version: mqtt.V311}, Verify: true}, s)
	if err == nil || !strings.Contains(err.Error(), "36") {
		t.Errorf("no place for a header: %v", err)
	}
}

// TestWhatIsNeverAcknowledgedCountsAsLong has the server answer to nothing any more, until the run ends: the percentiles have to say so, and
// the rate is that of the load, not of what came behind it.
func TestWhatIsNeverAcknowledgedCountsAsLong(t *testing.T) {
	const stopsAt = 100
	ended := make(chan struct{})
	url := loadtest.StartProxy(t, mosquitto.Start(t, unlimited).URL(), func(fromServer bool, number int, frame []byte) [][]byte {
		if !fromServer && number == stopsAt {
			<-ended
		}
		return [][]byte{frame}
	})
	defer close(ended)
	s := scenario.Pub(scenario.Options{Clients: 1, First: 1, Rate: 1000, Duration: time.Second, QoS: 1, Size: 64, Drain: 100 * time.Millisecond})
	r, err := load.Run(t.Context(), load.Options{URL: url, Config: mqtt.Config{Version: mqtt.V311}}, s)
	if err != nil {
		t.Fatal(err)
	}
	h := r.Latencies[result.Publish]
	if r.Counts.Acknowledged >= stopsAt || h.Count() != 1000 || h.Percentile(50) < 500*time.Millisecond {
		t.Errorf("%d acknowledged, %d latencies, of which a half is below %v", r.Counts.Acknowledged, h.Count(), h.Percentile(50))
	}
}

// TestRatesAreOfTheLoadAlone has most of the acknowledgements come while the run waits for them.
func TestRatesAreOfTheLoadAlone(t *testing.T) {
	const stopsAt = 100
	draining := make(chan struct{})
	url := loadtest.StartProxy(t, mosquitto.Start(t, unlimited).URL(), func(fromServer bool, number int, frame []byte) [][]byte {
		if !fromServer && number == stopsAt {
			<-draining
		}
		return [][]byte{frame}
	})
	s := scenario.Pub(scenario.Options{Clients: 1, First: 1, Rate: 1000, Duration: time.Second, QoS: 1, Size: 64, Drain: 10 * time.Second})
	once := sync.OnceFunc(func() { close(draining) })
	r, err := load.Run(t.Context(), load.Options{
		URL: url, Config: mqtt.Config{Version: mqtt.V311}, Every: time.Millisecond,
		Progress: func(p load.Progress) {
			if p.Stage == "draining" {
				once()
			}
		},
	}, s)
	if err != nil {
		t.Fatal(err)
	}
	limit, err := result.ParseThreshold("rate>=100", nil)
	if err != nil {
		t.Fatal(err)
	}
	if c := limit.Check(&r); c.Failed || r.Counts.Acknowledged != 1000 {
		t.Errorf("the rate is %s, of %+v", c.Found, r.Counts)
	}
}

// TestTheRateDueIsTheOneAskedFor has a rate that is far too high: messages were due at it, though they did not leave at it.
func TestTheRateDueIsTheOneAskedFor(t *testing.T) {
	const rate = 500_000_000
	s := scenario.Pub(scenario.Options{Clients: 1, First: 1, Rate: rate, Duration: 100 * time.Millisecond, Size: 10, Drain: 10 * time.Second})
	r := run(t, embedded(t), mqtt.V5, s)
	if due := r.ByEnd().Due; due != rate/10 || r.Counts.Due != due || r.Counts.Published >= due {
		t.Errorf("%d due in the time of the load, %d in all, %d published; want %d, as many, and fewer", due, r.Counts.Due, r.Counts.Published, rate/10)
	}
}

// TestDoublesDoNotStandForWhatIsMissing has messages come twice, and others late, while the run waits for them.
func TestDoublesDoNotStandForWhatIsMissing(t *testing.T) {
	late := make(chan struct{})
	url := loadtest.StartProxy(t, mosquitto.Start(t, unlimited).URL(), func(fromServer bool, number int, frame []byte) [][]byte {
		switch {
		case !fromServer:
		case number <= 50:
			return [][]byte{frame, frame}
		case number == 90:
			<-late
		}
		return [][]byte{frame}
	})
	s := fanIn(1, 100, 0)
	quiet := 0
	r, err := load.Run(t.Context(), load.Options{
		URL: url, Config: mqtt.Config{Version: mqtt.V311}, Verify: true, Every: 10 * time.Millisecond,
		Progress: func(p load.Progress) {
			if p.Stage != "draining" {
				return
			}
			if quiet++; quiet == 50 {
				close(late)
			}
		},
	}, s)
	if quiet < 50 {
		close(late)
	}
	if err != nil {
		t.Fatal(err)
	}
	if a := r.Verified; a.Received != 100 || a.Lost != 0 || a.Doubled != 50 {
		t.Errorf("%+v", *a)
	}
}
