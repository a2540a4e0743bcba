package capture_test

import (
	"encoding/hex"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dunlin/internal/load"
	"dunlin/internal/load/scenario"
	"dunlin/internal/load/verify"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// Bounds of the comparison near a server. Stamps of the capture have microseconds. What a program takes to be woken is some ten microseconds
// on a machine at rest, and milliseconds on one with more to do than it can.
const (
	stamps = 5 * time.Microsecond
	woken  = 2 * time.Millisecond
)

// apart is how a message's time that the load measured, and that of the capture, differ: how long it was on its way to the wire, and how long
// its acknowledgement was on its way from there.
type apart struct{ ours, wire, before, behind time.Duration }

// Near a server an acknowledgement takes less than a tenth of a millisecond, and a percentage of that is less than what any program takes to
// send and to be woken. So each message is compared with itself: what the load says of it begins before the wire's time and ends behind
// it, by little in one of the attempts.
func TestNearAServerEachMessageAgreesWithTheWire(t *testing.T) {
	for attempt := range attempts {
		all := near(t)
		slices.SortFunc(all, func(a, b apart) int { return int(a.before + a.behind - b.before - b.behind) })
		for _, m := range all {
			if m.before < -stamps || m.behind < -stamps {
				t.Fatalf("a message left %v after it was given to the client, and %v passed from its acknowledgement to its reading", m.before, m.behind)
			}
		}
		for _, p := range []int{50, 90, 99} {
			ours, wire := rank(all, p, func(m apart) time.Duration { return m.ours }), rank(all, p, func(m apart) time.Duration { return m.wire })
			t.Logf("p%d: dunlin %v, on the wire %v, %.2f times; on the way to the wire %v, from it %v", p, ours, wire, float64(ours)/float64(wire),
				rank(all, p, func(m apart) time.Duration { return m.before }), rank(all, p, func(m apart) time.Duration { return m.behind }))
		}
		middle := rank(all, 50, func(m apart) time.Duration { return m.ours - m.wire })
		t.Logf("the same messages differ by %v in the median", middle)
		if middle <= woken {
			return
		}
		t.Logf("attempt %d of %d differs", attempt+1, attempts)
	}
	t.Errorf("the times of the same messages differ by more than %v", woken)
}

// rank returns what p per cent of the messages do not exceed.
func rank(all []apart, p int, of func(apart) time.Duration) time.Duration {
	values := make([]time.Duration, len(all))
	for i, m := range all {
		values[i] = of(m)
	}
	slices.Sort(values)
	return values[(len(values)*p+99)/100-1]
}

// near loads a server on this machine and returns each of the messages as both saw it.
func near(t *testing.T) []apart {
	t.Helper()
	server := mosquitto.Start(t, mosquitto.Options{Config: []string{"max_inflight_messages 0", "set_tcp_nodelay true"}})
	_, text, err := net.SplitHostPort(server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	end := tshark(t, port)
	var mu sync.Mutex
	measured := map[[2]uint64]load.Exchange{}
	s := scenario.Pub(scenario.Options{Clients: clients, First: 1, Rate: 500, Duration: 3 * time.Second, QoS: 1, Size: 64, Drain: 10 * time.Second})
	r, err := load.Run(t.Context(), load.Options{
		URL: server.URL(), Config: mqtt.Config{Version: mqtt.V5}, Verify: true, Wire: func(e load.Exchange) {
			mu.Lock()
			defer mu.Unlock()
			measured[[2]uint64{e.Stream, e.Number}] = e
		},
	}, s)
	if err != nil {
		t.Fatal(err)
	}
	var all []apart
	for _, seen := range exchanges(end(clients), port) {
		e, ok := measured[numberOf(t, seen.body)]
		if !ok {
			t.Fatalf("the capture has a message that the load has not sent: %s", seen.body)
		}
		all = append(all, apart{
			ours: time.Duration(e.Acknowledged - e.Sent), wire: seen.acknowledged - seen.sent,
			before: seen.sent - time.Duration(e.Sent), behind: time.Duration(e.Acknowledged) - seen.acknowledged,
		})
	}
	if int64(len(all)) != r.Counts.Acknowledged || len(all) != len(measured) || len(all) == 0 {
		t.Fatalf("the capture has %d messages, the result %d", len(all), r.Counts.Acknowledged)
	}
	return all
}

// numberOf reads the stream and the number of a message, as package verify puts them into a payload behind its mark.
func numberOf(t *testing.T, body string) [2]uint64 {
	t.Helper()
	payload, err := hex.DecodeString(strings.ReplaceAll(body, ":", ""))
	if err != nil || len(payload) < verify.HeaderSize {
		t.Fatalf("tshark wrote %q as a payload: %v", body, err)
	}
	h, err := verify.Read(payload)
	if err != nil {
		t.Fatalf("the payload %q: %v", body, err)
	}
	return [2]uint64{h.Stream, h.Number}
}
