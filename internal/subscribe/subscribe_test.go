package subscribe_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dunlin/internal/mosquitto"
	"dunlin/internal/subscribe"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// line is the text of a message in these tests.
func line(dst []byte, m *mqtt.Received) ([]byte, error) {
	return fmt.Appendf(dst, "%s %s\n", m.Topic, m.Payload), nil
}

// dialTo returns a Dial to url with what change does to the Config.
func dialTo(url string, change func(*mqtt.Config)) subscribe.Dial {
	return func(ctx context.Context, cfg mqtt.Config) (*mqtt.Client, error) {
		if change != nil {
			change(&cfg)
		}
		return mqtt.Dial(ctx, url, cfg)
	}
}

func wants(qos mqtt.QoS, filters ...string) []mqtt.Subscription {
	subscriptions := make([]mqtt.Subscription, len(filters))
	for i, filter := range filters {
		subscriptions[i] = mqtt.Subscription{Filter: filter, QoS: qos}
	}
	return subscriptions
}

// brokerWith returns a Mosquitto with retained messages r/1 to r/3.
func brokerWith(t *testing.T) (*mosquitto.Broker, *mqtt.Client) {
	t.Helper()
	broker := mosquitto.Start(t, mosquitto.Options{})
	client, err := mqtt.Dial(t.Context(), broker.URL(), mqtt.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(context.Background()) })
	for _, n := range []string{"1", "2", "3"} {
		publish(t, client, mqtt.Message{Topic: "r/" + n, Payload: []byte("old"), QoS: 1, Retain: true})
	}
	return broker, client
}

func publish(t *testing.T, client *mqtt.Client, m mqtt.Message) {
	t.Helper()
	if err := client.Publish(t.Context(), m); err != nil {
		t.Error(err)
	}
}

// Each case ends by a message to "end", which is published once the subscriptions stand: what comes before it
// is what the options let through.
func TestWhatIsPassedOver(t *testing.T) {
	broker, client := brokerWith(t)
	for _, test := range []struct {
		name string
		o    subscribe.Options
		want string
	}{
		{"nothing", subscribe.Options{}, "r/1 old\nr/2 old\nr/3 old\nr/2 fresh\nend .\n"},
		{"topics of filters", subscribe.Options{FilterOut: []string{"r/2", "+/3"}}, "r/1 old\nend .\n"},
		{"a tree", subscribe.Options{FilterOut: []string{"r/#"}}, "end .\n"},
		{"stale messages", subscribe.Options{NoStale: true}, "r/2 fresh\nend .\n"},
		{"what is not wanted", subscribe.Options{Wanted: func(m *mqtt.Received) bool { return string(m.Payload) != "old" }}, "r/2 fresh\nend .\n"},
		{"fresh messages, the first of which ends it", subscribe.Options{RetainedOnly: true}, "r/1 old\nr/2 old\nr/3 old\n"},
		{"a fresh message of a filter ends it, too", subscribe.Options{RetainedOnly: true, FilterOut: []string{"r/2"}}, "r/1 old\nr/3 old\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			o := test.o
			o.Subscriptions, o.Append, o.Out, o.Wait = wants(1, "r/#", "end"), line, &out, time.Minute
			o.Append = func(dst []byte, m *mqtt.Received) ([]byte, error) {
				dst, err := line(dst, m)
				if m.Topic == "end" {
					err = errors.Join(err, errEnd)
				}
				return dst, err
			}
			o.Granted = func([]mqtt.ReasonCode) {
				publish(t, client, mqtt.Message{Topic: "r/2", Payload: []byte("fresh"), QoS: 1})
				publish(t, client, mqtt.Message{Topic: "end", Payload: []byte("."), QoS: 1})
			}
			_, err := subscribe.Run(t.Context(), dialTo(broker.URL(), nil), o)
			got := out.String()
			if errors.Is(err, errEnd) {
				got += "end .\n"
			} else if err != nil {
				t.Error(err)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

var errEnd = errors.New("the end")

func TestRetainedMessagesAreRemovedExceptThoseOfFilters(t *testing.T) {
	broker, _ := brokerWith(t)
	var out bytes.Buffer
	_, err := subscribe.Run(t.Context(), dialTo(broker.URL(), nil), subscribe.Options{
		Subscriptions: wants(0, "r/#"), RemoveRetained: true, FilterOut: []string{"r/2"}, Count: 2, Append: line, Out: &out,
	})
	if want := "r/1 old\nr/3 old\n"; err != nil || out.String() != want {
		t.Errorf("got %q and %v, want %q", out.String(), err, want)
	}
	out.Reset()
	_, err = subscribe.Run(t.Context(), dialTo(broker.URL(), nil), subscribe.Options{
		Subscriptions: wants(0, "r/#"), RetainedOnly: true, Append: line, Out: &out, Wait: time.Second,
	})
	if want := "r/2 old\n"; !errors.Is(err, subscribe.ErrTimeout) || out.String() != want {
		t.Errorf("got %q and %v, want %q", out.String(), err, want)
	}
}

// Messages that the random filter leaves out count all the same, as with mosquitto_sub 2.1.2.
func TestTheRandomFilterLeavesOutOfWhatCounts(t *testing.T) {
	server := mqtttest.NewServer(t)
	var out bytes.Buffer
	done := run(t, server, subscribe.Options{Subscriptions: wants(0, "a"), RandomFilter: 25, Count: 4000, Append: line, Out: &out})
	conn := server.Accept()
	subscribed(conn, "00")
	conn.SendBytes(bytes.Repeat([]byte{0x30, 4, 0, 1, 'a', 'x'}, 4000))
	if result := done(); result.err != nil || result.Messages != 4000 {
		t.Errorf("%+v", result)
	}
	if n := strings.Count(out.String(), "\n"); n < 800 || n > 1200 {
		t.Errorf("%d of 4000 messages were written at 25 per cent", n)
	}
}

// outcome is what Run returned.
type outcome struct {
	subscribe.Result
	err error
}

// run runs o against the server in the background; the function returned waits for the outcome.
func run(t *testing.T, server *mqtttest.Server, o subscribe.Options) func() outcome {
	t.Helper()
	return runIn(t.Context(), t, dialTo(server.URL(), nil), o)
}

func runIn(ctx context.Context, t *testing.T, dial subscribe.Dial, o subscribe.Options) func() outcome {
	t.Helper()
	done := make(chan outcome, 1)
	go func() {
		result, err := subscribe.Run(ctx, dial, o)
		done <- outcome{result, err}
	}()
	return func() outcome {
		t.Helper()
		select {
		case o := <-done:
			return o
		case <-time.After(time.Minute):
			t.Fatal("the run does not end")
			return outcome{}
		}
	}
}

// subscribed accepts a client, and answers its first SUBSCRIBE with these codes.
func subscribed(conn *mqtttest.Conn, codes ...string) {
	conn.Accept()
	id := conn.Packet()[2:4]
	conn.Send(fmt.Sprintf("90 %02x %x", 2+len(codes), id), strings.Join(codes, " "))
}

// atQoS1 returns PUBLISH packets with the identifiers from 1 to n, which are also their payloads.
func atQoS1(n byte) (packets []byte) {
	for i := byte(1); i <= n; i++ {
		packets = append(packets, 0x32, 6, 0, 1, 'a', 0, i, '0'+i)
	}
	return packets
}

func TestRedialGoesOnCounting(t *testing.T) {
	server := mqtttest.NewServer(t)
	var out bytes.Buffer
	var reasons []error
	done := run(t, server, subscribe.Options{
		Subscriptions: wants(0, "a"), Count: 3, Append: line, Out: &out,
		Redial: func(_ context.Context, reason error) error { reasons = append(reasons, reason); return nil },
	})
	conn := server.Accept()
	subscribed(conn, "00")
	conn.Send("30 04 0001 61 31", "30 04 0001 61 32")
	conn.Close()
	conn = server.Accept()
	subscribed(conn, "00")
	conn.Send("30 04 0001 61 33", "30 04 0001 61 34")
	conn.Expect("E0 00")
	conn.Close()
	if result := done(); result.err != nil || result.Messages != 3 {
		t.Errorf("%+v", result)
	}
	if got, want := out.String(), "a 1\na 2\na 3\n"; got != want || len(reasons) != 1 || !errors.Is(reasons[0], subscribe.ErrLost) {
		t.Errorf("got %q, want %q; reasons %v", got, want, reasons)
	}
}

func TestRefusedSubscriptions(t *testing.T) {
	for _, test := range []struct {
		codes   []string
		exit    bool
		err     error
		refused int
	}{
		{[]string{"80", "80"}, false, subscribe.ErrAllRefused, 2},
		{[]string{"80", "01"}, false, subscribe.ErrTimeout, 1},
		{[]string{"80", "00"}, true, nil, 1},
	} {
		t.Run(strings.Join(test.codes, " "), func(t *testing.T) {
			server := mqtttest.NewServer(t)
			var granted []mqtt.ReasonCode
			done := run(t, server, subscribe.Options{
				Subscriptions: wants(1, "a", "b"), ExitAfterSubscribe: test.exit, Wait: time.Second, Append: line, Out: io.Discard,
				Granted: func(codes []mqtt.ReasonCode) { granted = slices.Clone(codes) },
			})
			conn := server.Accept()
			subscribed(conn, test.codes...)
			conn.Expect("E0 00")
			conn.Close()
			if result := done(); !errors.Is(result.err, test.err) || result.Refused != test.refused {
				t.Errorf("%+v", result)
			}
			if len(granted) != 2 || granted[0] != 0x80 {
				t.Errorf("granted %v", granted)
			}
		})
	}
}

// The order is that of mosquitto_sub 2.1.2: all subscriptions in one packet, then one a filter to unsubscribe.
func TestUnsubscribesFollowTheSubscriptions(t *testing.T) {
	server := mqtttest.NewServer(t)
	done := run(t, server, subscribe.Options{
		Subscriptions: wants(0, "a", "b"), Unsubscribe: []string{"c", "d"}, Count: 1, Append: line, Out: io.Discard,
	})
	conn := server.Accept()
	conn.Accept()
	conn.Expect("82 0A 0001 0001 61 00 0001 62 00", "A2 05 0002 0001 63", "A2 05 0003 0001 64")
	conn.Send("90 04 0001 00 00", "B0 02 0002", "B0 02 0003", "30 04 0001 61 78")
	conn.Expect("E0 00")
	conn.Close()
	if result := done(); result.err != nil {
		t.Error(result.err)
	}
}

// A session that was kept brings messages before the subscriptions are made again. With enough of them the
// run ends, but what it was to ask for has been asked.
func TestTheSubscriptionIsMadeThoughASessionHasEnoughMessages(t *testing.T) {
	server := mqtttest.NewServer(t)
	var out bytes.Buffer
	dial := dialTo(server.URL(), func(cfg *mqtt.Config) { cfg.ClientID, cfg.KeepSession = "kept", true })
	done := runIn(t.Context(), t, dial, subscribe.Options{Subscriptions: wants(1, "a"), Count: 1, Append: line, Out: &out})
	conn := server.Accept()
	conn.Packet()
	conn.SendBytes(append([]byte{0x20, 2, 1, 0}, atQoS1(3)...))
	var kinds []byte
	for len(kinds) == 0 || kinds[len(kinds)-1] != 0xE0 {
		kinds = append(kinds, conn.Packet()[0])
	}
	conn.Close()
	slices.Sort(kinds)
	if want := []byte{0x40, 0x82, 0xE0}; !bytes.Equal(kinds, want) {
		t.Errorf("packets % x, want % x", kinds, want)
	}
	if result := done(); result.err != nil || out.String() != "a 1\n" {
		t.Errorf("%+v, %q", result, out.String())
	}
}

func TestEachSecondIsCounted(t *testing.T) {
	server := mqtttest.NewServer(t)
	var out bytes.Buffer
	done := run(t, server, subscribe.Options{
		Subscriptions: wants(1, "a"), Count: 1, Wait: 1500 * time.Millisecond, Out: &out,
		EachSecond: func(dst []byte, s subscribe.Second) []byte {
			return fmt.Appendf(dst, "%d %d %d\n", s.Messages, s.Bytes, s.Total)
		},
	})
	conn := server.Accept()
	subscribed(conn, "01")
	conn.SendBytes(atQoS1(3))
	conn.Expect("40 02 0001", "40 02 0002", "40 02 0003", "E0 00")
	conn.Close()
	if result := done(); !errors.Is(result.err, subscribe.ErrTimeout) || out.String() != "3 3 3\n" {
		t.Errorf("%+v, %q", result, out.String())
	}
}

// The client numbers its subscriptions in MQTT 5, which is nothing for who reads the messages.
func TestNumbersThatNobodyAskedForAreNotShown(t *testing.T) {
	for _, test := range []struct {
		id   uint32
		want string
	}{{0, "[] false\n[] true\n"}, {7, "[7] false\n[7] true\n"}} {
		server := mqtttest.NewServer(t)
		var out bytes.Buffer
		wanted := wants(0, "a")
		wanted[0].ID = test.id
		dial := dialTo(server.URL(), func(cfg *mqtt.Config) { cfg.Version = mqtt.V5 })
		done := runIn(t.Context(), t, dial, subscribe.Options{
			Subscriptions: wanted, Count: 2, Out: &out,
			Append: func(dst []byte, m *mqtt.Received) ([]byte, error) {
				text := m.Properties != nil && m.Properties.PayloadIsText
				return fmt.Appendf(dst, "%v %t\n", m.SubscriptionIDs(), text), nil
			},
		})
		conn := server.Accept()
		conn.Accept()
		id := conn.Packet()[2:4]
		conn.Send(fmt.Sprintf("90 04 %x 00 00", id), "30 07 0001 61 02 0B07 78", "30 09 0001 61 04 0101 0B07 78")
		conn.Packet()
		conn.Close()
		if result := done(); result.err != nil {
			t.Error(result.err)
		}
		if got := out.String(); got != test.want {
			t.Errorf("with number %d: %q, want %q", test.id, got, test.want)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		filter, topic string
		want          bool
	}{
		{"a", "a", true},
		{"a", "b", false},
		{"a", "a/b", false},
		{"a/b", "a", false},
		{"a/", "a", false},
		{"a/", "a/", true},
		{"#", "a/b/c", true},
		{"a/#", "a/b/c", true},
		{"a/#", "a", true},
		{"a/#", "ab", false},
		{"a/b/#", "a", false},
		{"+", "a", true},
		{"+", "a/b", false},
		{"+/+", "/a", true},
		{"+/b", "a/b", true},
		{"a/+", "a", false},
		{"a/+/c", "a//c", true},
		{"#", "$SYS/a", false},
		{"+/a", "$SYS/a", false},
		{"$SYS/#", "$SYS/a", true},
		{"a/+", "a/$b", true},
	} {
		if got := subscribe.Matches(test.filter, test.topic); got != test.want {
			t.Errorf("Matches(%q, %q) is %t", test.filter, test.topic, got)
		}
	}
}
