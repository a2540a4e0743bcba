package publish_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/feed"
	"dunlin/internal/publish"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

func lineOf(n int) string { return strconv.Itoa(n) + "\n" }

func TestEndsWhenAllIsAcknowledged(t *testing.T) {
	inFakeTime(t, func(t *testing.T, client *mqtt.Client, server *mqtttest.Conn) {
		var told []string
		done := start(t.Context(), client, messages(3, 1), publish.Options{
			Completed: func(number int, m *mqtt.Message, answer mqtt.Answer) {
				told = append(told, fmt.Sprint(number, " ", m.Topic, " ", answer.Codes))
			},
		})
		var came []published
		for range 3 {
			came = append(came, parse(t, server.Packet()))
		}
		ack(server, came[0], 0)
		ack(server, came[1], 0x10)
		synctest.Wait()
		select {
		case o := <-done:
			t.Fatalf("it ended with %+v before all was acknowledged", o)
		default:
		}
		ack(server, came[2], 0)
		o := <-done
		if o.err != nil {
			t.Error(o.err)
		}
		expect(t, o.Result, publish.Result{Taken: 3, Completed: 3, Unmatched: 1})
		if want := []string{"1 t [0x00 Success]", "2 t [0x10 No matching subscribers]", "3 t [0x00 Success]"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

func TestWindow(t *testing.T) {
	inFakeTime(t, func(t *testing.T, client *mqtt.Client, server *mqtttest.Conn) {
		done := start(t.Context(), client, messages(7, 1), publish.Options{InFlight: 3})
		var under []published
		for range 3 {
			under = append(under, parse(t, server.Packet()))
		}
		for sent := 3; sent < 7; sent++ {
			server.ExpectNothing(time.Second)
			ack(server, under[0], 0)
			under = append(under[1:], parse(t, server.Packet()))
		}
		for _, p := range under {
			ack(server, p, 0)
		}
		if o := <-done; o.err != nil || o.Completed != 7 {
			t.Errorf("%+v", o)
		}
	})
}

func TestOneByOneWithAPause(t *testing.T) {
	inFakeTime(t, func(t *testing.T, client *mqtt.Client, server *mqtttest.Conn) {
		done := start(t.Context(), client, messages(3, 1), publish.Options{OneByOne: true, Pause: 2 * time.Second})
		begun := time.Now()
		for i := range 3 {
			p := parse(t, server.Packet())
			if at := time.Since(begun); at != time.Duration(i)*3*time.Second {
				t.Errorf("message %d left after %v", i, at)
			}
			<-time.After(time.Second) // the pause begins with the acknowledgement
			ack(server, p, 0)
		}
		o := <-done
		if o.err != nil || o.Elapsed != 7*time.Second {
			t.Errorf("%+v", o)
		}
	})
}

func TestAFirstFailureEndsTheRun(t *testing.T) {
	for _, keepGoing := range []bool{false, true} {
		inFakeTime(t, func(t *testing.T, client *mqtt.Client, server *mqtttest.Conn) {
			var failed []publish.Failure
			done := start(t.Context(), client, lines(strings.NewReader(numbered(5)), 1), publish.Options{
				InFlight: 2, KeepGoing: keepGoing, Failed: func(f publish.Failure) { failed = append(failed, f) },
			})
			first, second := parse(t, server.Packet()), parse(t, server.Packet())
			ack(server, first, 0x87)
			want := publish.Result{Taken: 2, Completed: 1, Refused: 1}
			if keepGoing {
				ack(server, parse(t, server.Packet()), 0)
				ack(server, second, 0)
				for range 2 {
					ack(server, parse(t, server.Packet()), 0)
				}
				want = publish.Result{Taken: 5, Completed: 4, Refused: 1}
			} else {
				server.ExpectNothing(time.Second)
				ack(server, second, 0)
			}
			o := <-done
			var refused *mqtt.PublishError
			if !errors.As(o.err, &refused) || refused.Code != 0x87 {
				t.Errorf("error %v", o.err)
			}
			expect(t, o.Result, want)
			if len(failed) != 1 || failed[0].Number != 1 || failed[0].Line != 1 || failed[0].Topic != "t" || !errors.Is(failed[0].Err, mqtt.ErrRejected) {
				t.Errorf("told %+v", failed)
			}
		})
	}
}

func TestLinesThatAreNoMessages(t *testing.T) {
	format, err := feed.ParseLineFormat("tsv")
	if err != nil {
		t.Fatal(err)
	}
	for _, keepGoing := range []bool{false, true} {
		inFakeTime(t, func(t *testing.T, client *mqtt.Client, server *mqtttest.Conn) {
			var failed []string
			s := feed.Records(strings.NewReader("a\t1\n\nb\nc\t2\n$x/#\t3\nd\t4\n"), mqtt.Message{}, format)
			done := start(t.Context(), client, s, publish.Options{KeepGoing: keepGoing, Failed: func(f publish.Failure) {
				failed = append(failed, fmt.Sprint(f.Number, " ", f.Line, " ", f.Err))
			}})
			want, topics := publish.Result{Taken: 2, Completed: 1, Bad: 1}, []string{"a"}
			told := []string{`2 3 line 3 "b": there is no tab behind the topic`}
			if keepGoing {
				want, topics = publish.Result{Taken: 5, Completed: 3, Bad: 2}, []string{"a", "c", "d"}
				told = append(told, `4 5 line 5 "$x/#\t3": topic name holds a wildcard`)
			}
			for _, topic := range topics {
				if p := parse(t, server.Packet()); p.topic != topic {
					t.Errorf("topic %q, want %q", p.topic, topic)
				}
			}
			o := <-done
			expect(t, o.Result, want)
			if bad := (*feed.LineError)(nil); !errors.As(o.err, &bad) || bad.Line != 3 {
				t.Errorf("error %v", o.err)
			}
			if !slices.Equal(failed, told) {
				t.Errorf("told %q, want %q", failed, told)
			}
		})
	}
}

func TestInputThatBreaks(t *testing.T) {
	inFakeTime(t, func(t *testing.T, client *mqtt.Client, server *mqtttest.Conn) {
		r, w := io.Pipe()
		done := start(t.Context(), client, lines(r, 1), publish.Options{})
		_, _ = io.WriteString(w, "1\nhal")
		ack(server, parse(t, server.Packet()), 0)
		broken := errors.New("broken")
		_ = w.CloseWithError(broken)
		o := <-done
		if !errors.Is(o.err, broken) {
			t.Error(o.err)
		}
		expect(t, o.Result, publish.Result{Taken: 1, Completed: 1})
	})
}

// TestInterrupt ends the context while a message is under way, and the source waits.
func TestInterrupt(t *testing.T) {
	for _, answered := range []bool{false, true} {
		inFakeTime(t, func(t *testing.T, client *mqtt.Client, server *mqtttest.Conn) {
			r, w := io.Pipe()
			ctx, cancel := context.WithCancelCause(t.Context())
			done := start(ctx, client, lines(r, 1), publish.Options{Drain: 3 * time.Second, Failed: func(f publish.Failure) { t.Errorf("told %+v", f) }})
			_, _ = io.WriteString(w, "1\n2\n")
			first, second := parse(t, server.Packet()), parse(t, server.Packet())
			ack(server, first, 0)
			synctest.Wait()
			interrupt := errors.New("interrupt")
			cancel(interrupt)
			want := publish.Result{Taken: 2, Completed: 1, InDoubt: 1}
			if answered {
				<-time.After(2 * time.Second)
				ack(server, second, 0)
				want = publish.Result{Taken: 2, Completed: 2}
			}
			o := <-done
			if !errors.Is(o.err, interrupt) || o.Elapsed > 3*time.Second {
				t.Errorf("%v after %v", o.err, o.Elapsed)
			}
			expect(t, o.Result, want)
			_ = w.Close()
		})
	}
}

// TestEndOfTheConnection has a client without Reconnect end while the source waits.
func TestEndOfTheConnection(t *testing.T) {
	inFakeTime(t, func(t *testing.T, client *mqtt.Client, server *mqtttest.Conn) {
		r, w := io.Pipe()
		done := start(t.Context(), client, lines(r, 0), publish.Options{})
		_, _ = io.WriteString(w, "1\n")
		server.Packet()
		synctest.Wait()
		server.Close()
		o := <-done
		if !errors.Is(o.err, mqtt.ErrServerClosed) {
			t.Error(o.err)
		}
		expect(t, o.Result, publish.Result{Taken: 1, Completed: 1})
		_ = w.Close()
	})
}

func TestProgress(t *testing.T) {
	inFakeTime(t, func(t *testing.T, client *mqtt.Client, server *mqtttest.Conn) {
		var told []string
		done := start(t.Context(), client, messages(100, 0), publish.Options{Rate: 10, Every: 2 * time.Second, Progress: func(p publish.Progress) {
			told = append(told, fmt.Sprintf("%d of %d, %.0f/s, %v left after %v", p.Completed, p.Total, p.Rate, p.Left, p.Elapsed))
		}})
		for range 100 {
			server.Packet()
		}
		if o := <-done; o.err != nil || o.Elapsed != 9900*time.Millisecond {
			t.Errorf("%+v", o)
		}
		if len(told) != 4 || told[0] != "20 of 100, 10/s, 8s left after 2s" && told[0] != "21 of 100, 10/s, 8s left after 2s" {
			t.Errorf("told %q", told)
		}
	})
}
