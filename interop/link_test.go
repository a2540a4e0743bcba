package interop

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

var linkCases = []testCase{
	{name: "slow handlers and links that break and swallow", body: func(r *rig) { brokenLinks(r, true) }, long: true},
	{name: "publishing over links that break and swallow", body: func(r *rig) { brokenLinks(r, false) }, long: true},
}

// faultyLinks is how many links of a client go wrong before one that does not.
const faultyLinks = 8

// flaky is for a client that comes back by itself, whose first links go wrong at random
// bytes: they are cut, broken, or swallow what comes.
func (r *rig) flaky(seed uint64) func(*mqtt.Config) {
	var mu sync.Mutex
	links, random := 0, rand.New(rand.NewPCG(seed, 0))
	faults := []mqtttest.Fault{mqtttest.Cut, mqtttest.Break, mqtttest.Stall}
	next := func() (f mqtttest.Faults) {
		mu.Lock()
		defer mu.Unlock()
		if links++; links > faultyLinks {
			return f
		}
		fault := faults[random.IntN(len(faults))]
		if random.IntN(2) == 0 {
			return mqtttest.Faults{OnRead: fault, ReadBytes: 20 + random.IntN(600)}
		}
		return mqtttest.Faults{OnWrite: fault, WriteBytes: 60 + random.IntN(300)}
	}
	return func(cfg *mqtt.Config) {
		kept(r.id())(cfg)
		lasting(cfg)
		cfg.Reconnect.Background = true
		cfg.KeepAlive, cfg.Limits.PingTimeout = 2*time.Second, time.Second // a link that swallows is found out by that
		cfg.Transport.ConnectTimeout = 3 * time.Second
		cfg.Transport.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return mqtttest.NewFaulty(conn, next()), nil
		}
	}
}

// tally counts what came.
type tally struct {
	mu    sync.Mutex
	came  map[string]int // by payload
	due   []string       // were published without an error
	lost  []error        // of publishes that are in doubt
	grown chan struct{}
}

// published notes the outcome of a publish. In doubt is an outcome too where the server
// has lost the session, or cannot say that it has not.
func (y *tally) published(payload string, err error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if err == nil {
		y.due = append(y.due, payload)
	} else {
		y.lost = append(y.lost, err)
	}
}

// missing returns what is due and did not come yet.
func (y *tally) missing() []string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(y.due), func(payload string) bool { return y.came[payload] > 0 })
}

// judge looks for messages of QoS 2 that came twice, and for errors that are no outcome.
func (y *tally) judge(r *rig) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, payload := range slices.Sorted(maps.Keys(y.came)) {
		if payload[0] == '2' && y.came[payload] > 1 && r.highest() == 2 {
			r.failf("QoS 2 message %s came %d times", payload, y.came[payload])
		}
	}
	for _, err := range y.lost {
		if !errors.Is(err, mqtt.ErrSessionLost) {
			r.failf("publish: %w", err)
		}
	}
}

func (y *tally) add(m *mqtt.Received) {
	y.mu.Lock()
	y.came[string(m.Payload)]++
	y.mu.Unlock()
	select {
	case y.grown <- struct{}{}:
	default:
	}
}

// await waits until all that is due came.
func (y *tally) await(r *rig) {
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for missing := y.missing(); len(missing) > 0; missing = y.missing() {
		select {
		case <-y.grown:
		case <-limit.C:
			r.failf("lost are %v", missing)
		case <-r.ctx.Done():
			r.failf("not there in time are %v", missing)
		}
	}
}

// brokenLinks: of the subscriber or the publisher, both sides with sessions that are
// kept. No message is lost, and none of QoS 2 comes twice.
func brokenLinks(r *rig, subscriber bool) {
	const messages = 60
	seed := rand.Uint64()
	r.t.Logf("seed %d", seed)
	steady := func(*mqtt.Config) {}
	to, from := r.flaky(seed), steady
	if !subscriber {
		to, from = steady, r.flaky(seed)
	}
	p, publisher := r.dial(to), r.dial(from)
	y := &tally{came: make(map[string]int), grown: make(chan struct{}, 1)}
	slow := rand.New(rand.NewPCG(seed, 1))
	p.subscribeWith(mqtt.Subscription{Filter: r.topic("t/#"), QoS: 2, Handler: func(_ context.Context, m *mqtt.Received) {
		r.pass(time.Duration(slow.IntN(15)) * time.Millisecond)
		y.add(m)
	}})
	var wg sync.WaitGroup
	for _, qos := range r.levels()[1:] {
		wg.Go(func() {
			for i := range messages {
				m := mqtt.Message{Topic: r.topic(fmt.Sprintf("t/%d", qos)), Payload: fmt.Appendf(nil, "%d-%02d", qos, i), QoS: qos}
				y.published(string(m.Payload), publisher.Publish(r.ctx, m))
			}
		})
	}
	wg.Wait()
	y.await(r)
	r.dial().publish("t/last", "2-last", r.highest())
	y.published("2-last", nil)
	y.await(r)
	y.judge(r)
}
