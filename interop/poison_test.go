package interop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"dunlin/mqtt"
)

// TestRabbitMQPoison: RabbitMQ 3.10 delivers a message to p/a*b as one to p/a+b, again and again
// until it is acknowledged. One connection ends, and what is behind it arrives.
func TestRabbitMQPoison(t *testing.T) {
	url := startRabbitMQ(t)
	for _, test := range []struct {
		name   string
		poison []int // in front of which good message a bad one is published
		away   bool  // all of it while the subscriber is
	}{
		{"in front", []int{0}, false},
		{"in the middle", []int{7}, false},
		{"several", []int{0, 3, 15}, false},
		{"while away", []int{2, 12}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := strings.ReplaceAll(test.name, " ", "")
			user := func(cfg *mqtt.Config) { cfg.Username, cfg.Password = "guest", mqtt.Secret("guest") }
			s := newSubscriber(t, url, mqtt.V311, root, user)
			s.dial(t)
			if _, err := s.Subscribe(t.Context(), mqtt.Subscription{Filter: root + "/#", QoS: 1}); err != nil {
				t.Fatal(err)
			}
			if test.away {
				s.close(t)
			}
			publish := publisher(t, url, mqtt.V311, user)
			for i := range 20 {
				for _, at := range test.poison {
					if at == i {
						publish(root+"/a*b", fmt.Sprintf("bad %d", i))
					}
				}
				publish(root+"/a", fmt.Sprintf("good %d", i))
			}
			if test.away {
				s.dial(t)
			}
			s.expect(t, 20, len(test.poison), root+"/a+b")
		})
	}
}

// TestMochiPoison: mochi keeps messages for a client that is away by a topic alias that means
// nothing on the next connection, whether that allows aliases or not. What has no topic is
// thrown away, and all that has one arrives.
func TestMochiPoison(t *testing.T) {
	for _, aliases := range []int{0, -1} {
		t.Run(fmt.Sprint("TopicAliases ", aliases), func(t *testing.T) {
			url := startOwn("mochi")(t)
			s := newSubscriber(t, url, mqtt.V5, "mochi", func(*mqtt.Config) {})
			s.dial(t)
			if _, err := s.Subscribe(t.Context(), mqtt.Subscription{Filter: "#", QoS: 1}); err != nil {
				t.Fatal(err)
			}
			publish := publisher(t, url, mqtt.V5, func(*mqtt.Config) {})
			publish("p/aliased", "first") // which gives the alias
			publish("p/next", next)       // whose handler is called when the first one is acknowledged
			s.await(t, func() bool { return len(s.got) > 1 })
			s.close(t)
			for range 3 {
				publish("p/aliased", "bad")
			}
			for i := range 20 {
				publish(fmt.Sprintf("p/%d", i), fmt.Sprintf("good %d", i))
			}
			s.note(func() { s.got = nil })
			s.cfg.Limits.TopicAliases = aliases
			s.dial(t)
			s.expect(t, 20, 3, "")
		})
	}
}

// subscriber is a client with a session that goes on, and what it got.
type subscriber struct {
	*mqtt.Client
	url string
	cfg mqtt.Config

	changed  chan struct{} // holds a value after a change
	mu       sync.Mutex
	got      []string
	reported []string // topics
	ends     int
}

func newSubscriber(t *testing.T, url string, v mqtt.Version, id string, change func(*mqtt.Config)) *subscriber {
	s := &subscriber{url: url, changed: make(chan struct{}, 1)}
	s.cfg = mqtt.Config{
		Version: v, ClientID: "subscriber-" + id, KeepSession: true,
		Reconnect: &mqtt.Reconnect{MinDelay: time.Millisecond, MaxDelay: 10 * time.Millisecond, QuarantineAfter: time.Second},
		OnMessage: func(_ context.Context, m *mqtt.Received) { s.note(func() { s.got = append(s.got, string(m.Payload)) }) },
		OnError: func(err error) {
			var poison *mqtt.PoisonError
			if !errors.As(err, &poison) {
				t.Errorf("reported: %v", err)
				return
			}
			s.note(func() { s.reported = append(s.reported, poison.Topic) })
		},
		OnDisconnect: func(error) { s.note(func() { s.ends++ }) },
	}
	if v == mqtt.V5 {
		s.cfg.Properties.SessionExpiry = time.Hour
	}
	change(&s.cfg)
	t.Cleanup(func() { _ = s.Close(context.Background()) }) // it may be closed
	return s
}

// note changes what is guarded.
func (s *subscriber) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// await waits until that is so, and not for ever.
func (s *subscriber) await(t *testing.T, is func() bool) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		s.mu.Lock()
		ok := is()
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-s.changed:
		case <-limit:
			return // what is missing is told
		}
	}
}

func (s *subscriber) dial(t *testing.T) {
	t.Helper()
	var err error
	if s.Client, err = mqtt.Dial(t.Context(), s.url, s.cfg); err != nil {
		t.Fatal(err)
	}
	s.note(func() { s.ends = 0 })
}

func (s *subscriber) close(t *testing.T) {
	t.Helper()
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// expect waits for good messages, once each, for bad ones reported by that topic, and for no
// more than one connection that ended. The order is the server's.
func (s *subscriber) expect(t *testing.T, good, bad int, topic string) {
	t.Helper()
	s.await(t, func() bool { return len(s.distinct()) >= good && len(s.reported) >= bad })
	if _, err := s.Ping(t.Context()); err != nil { // what else it sent has come
		t.Error(err)
	}
	s.close(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	want := strings.Repeat(topic+",", bad)
	if got := strings.Join(s.reported, ",") + ","; len(s.distinct()) != good || got != want || s.ends > 1 {
		t.Errorf("%d good messages of %d arrived, %q were reported, want %q, and %d connections ended", len(s.distinct()), good, got, want, s.ends)
	}
}

// next is a message that may come again, for a client left while it had that in hand.
const next = "next"

// distinct returns what came at least once, without next.
func (s *subscriber) distinct() map[string]bool {
	all := make(map[string]bool)
	for _, m := range s.got {
		all[m] = true
	}
	delete(all, next)
	return all
}

// publisher returns what publishes at QoS 1 and waits for the server.
func publisher(t *testing.T, url string, v mqtt.Version, change func(*mqtt.Config)) func(topic, payload string) {
	t.Helper()
	cfg := mqtt.Config{Version: v, ClientID: "publisher"}
	change(&cfg)
	c, err := mqtt.Dial(t.Context(), url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return func(topic, payload string) {
		t.Helper()
		if err := c.Publish(t.Context(), mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: 1}); err != nil {
			t.Fatal(err)
		}
	}
}
