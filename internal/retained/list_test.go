package retained_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dunlin/internal/mosquitto"
	"dunlin/internal/retained"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// outcome is what a listing came to.
type outcome struct {
	topics []string
	n      int
	err    error
}

// list lists in the background, over a connection whose other end is the script's.
func list(t *testing.T, l retained.Listing, each func(topic string) error) (*mqtttest.Conn, <-chan outcome) {
	t.Helper()
	dial, server := mqtttest.Pipe(t)
	cfg := mqtt.Config{KeepAlive: -1}
	cfg.Transport.Dial = dial
	done := make(chan outcome, 1)
	go func() {
		client, err := mqtt.Dial(t.Context(), "mqtt://pipe", cfg)
		if err != nil {
			done <- outcome{err: err}
			return
		}
		var o outcome
		o.n, o.err = l.Run(t.Context(), client, func(m *mqtt.Received, _ time.Time) error {
			o.topics = append(o.topics, m.Topic)
			return each(m.Topic)
		})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = client.Close(ctx)
		done <- o
	}()
	server.Accept()
	return server, done
}

func good(string) error { return nil }

// subscribed answers a SUBSCRIBE of one filter, or an UNSUBSCRIBE.
func subscribed(t *testing.T, server *mqtttest.Conn) {
	t.Helper()
	switch p := server.Packet(); p[0] {
	case 0x82:
		server.SendBytes([]byte{0x90, 3, p[2], p[3], 0})
	case 0xa2:
		server.SendBytes([]byte{0xb0, 2, p[2], p[3]})
	default:
		t.Fatalf("got packet % x", p)
	}
}

const pingReq, pingResp = "C0 00", "D0 00"

func TestListIsCompleteWhenThreePingsBroughtNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, done := list(t, retained.Listing{Filters: []string{"#"}, Exclude: []string{"c"}, Quiet: 3 * time.Second}, good)
		server.SetPatience(time.Hour)
		subscribed(t, server)
		began := time.Now()
		server.Send("31 04 0001 61 31") // a
		for range 3 {                   // the first of them brought a
			server.Expect(pingReq)
			server.Send(pingResp)
		}
		server.Expect(pingReq)
		server.Send("31 04 0001 62 31", "31 04 0001 61 31", "31 04 0001 63 31", pingResp) // late: b, a again, and c
		for range 2 {
			server.Expect(pingReq)
			server.Send("30 04 0001 64 31", pingResp) // d is not retained
		}
		server.Expect(pingReq)
		server.Send(pingResp)
		subscribed(t, server)
		if took := time.Since(began); took != 7*time.Second {
			t.Errorf("it took %v", took)
		}
		server.Expect("E0 00")
		server.Close()
		if o := <-done; o.err != nil || o.n != 2 || !slices.Equal(o.topics, []string{"a", "b"}) {
			t.Errorf("got %+v", o)
		}
	})
}

// What is still written when the pings are answered is not over.
func TestListWaitsForWhoTakesTheMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken := make(chan struct{})
		server, done := list(t, retained.Listing{Filters: []string{"#"}, Quiet: 3 * time.Second}, func(string) error {
			<-taken
			return nil
		})
		server.SetPatience(time.Hour)
		subscribed(t, server)
		server.Send("31 04 0001 61 31", "31 04 0001 62 31")
		for range 10 {
			server.Expect(pingReq)
			server.Send(pingResp)
		}
		synctest.Wait() // the answer has come, and the next ping is not due
		close(taken)
		for range 4 {
			server.Expect(pingReq)
			server.Send(pingResp)
		}
		subscribed(t, server)
		server.Expect("E0 00")
		server.Close()
		if o := <-done; o.err != nil || o.n != 2 {
			t.Errorf("got %+v", o)
		}
	})
}

func TestListThatCannotBeCompletedIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, done := list(t, retained.Listing{Filters: []string{"#"}}, good)
		server.SetPatience(time.Hour)
		subscribed(t, server)
		server.Send("31 04 0001 61 31")
		server.Expect(pingReq)
		server.Close()
		if o := <-done; o.err == nil || !strings.HasPrefix(o.err.Error(), "the list is not complete: ") {
			t.Errorf("got %+v", o)
		}
	})
}

func TestErrorOfWhoTakesTheMessagesEndsTheList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("the disk is full")
		server, done := list(t, retained.Listing{Filters: []string{"#"}}, func(string) error { return full })
		server.SetPatience(time.Hour)
		subscribed(t, server)
		server.Send("31 04 0001 61 31", "31 04 0001 62 31")
		server.Expect(pingReq)
		server.Send(pingResp)
		subscribed(t, server)
		server.Expect("E0 00")
		server.Close()
		if o := <-done; !errors.Is(o.err, full) || len(o.topics) != 1 {
			t.Errorf("got %+v", o)
		}
	})
}

// Mosquitto drops what is above 1,020 messages of QoS 1 and 2 that one subscription is to bring.
func TestListIsCompleteWhereMosquittoDropsMessages(t *testing.T) {
	broker := mosquitto.Start(t, mosquitto.Options{})
	client, err := mqtt.Dial(t.Context(), broker.URL(), mqtt.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(context.Background())
	const topics = 2000
	for i := range topics {
		m := mqtt.Message{Topic: fmt.Sprint("t/", i), Payload: []byte{1}, QoS: mqtt.QoS(1 + i%2), Retain: true}
		if err := client.Enqueue(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Publish(t.Context(), mqtt.Message{Topic: "end", QoS: mqtt.ExactlyOnce}); err != nil {
		t.Fatal(err)
	}
	for _, exact := range []bool{false, true} {
		qos := map[mqtt.QoS]int{}
		l := retained.Listing{Filters: []string{"t/#", "#"}, Exact: exact, Quiet: 300 * time.Millisecond}
		n, err := l.Run(t.Context(), client, func(m *mqtt.Received, _ time.Time) error {
			qos[m.QoS]++
			return nil
		})
		if err != nil || n != topics {
			t.Errorf("exact %v: %d topics, error %v", exact, n, err)
		}
		if exact && (qos[1] != topics/2 || qos[2] != topics/2) {
			t.Errorf("of each QoS: %v", qos)
		}
	}
}

func TestRemovalEnds(t *testing.T) {
	r := &retained.Removal{Topics: []string{"a"}}
	if m, err := r.Next(t.Context()); m.Topic != "a" || !m.Retain || len(m.Payload) > 0 || m.QoS != mqtt.AtLeastOnce || err != nil {
		t.Errorf("got %+v and error %v", m, err)
	}
	if _, err := r.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("error %v", err)
	}
}
