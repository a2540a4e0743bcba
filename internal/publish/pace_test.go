package publish_test

import (
	"io"
	"testing"
	"time"

	"dunlin/internal/publish"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestRate has each message leave at its time, to the nanosecond.
func TestRate(t *testing.T) {
	for rate, count := range map[float64]int{0.5: 5, 3: 10, 50_000: 20_000} {
		inFakeTime(t, func(t *testing.T, client *mqtt.Client, server *mqtttest.Conn) {
			begun := time.Now()
			done := start(t.Context(), client, messages(count, 0), publish.Options{Rate: rate})
			for i := range count {
				server.Packet()
				want := time.Duration(float64(i) / rate * float64(time.Second))
				if late := time.Since(begun) - want; late < -1 || late > 1 {
					t.Fatalf("%v/s: message %d left %v after its time", rate, i, late)
				}
			}
			if o := <-done; o.err != nil || o.Completed != count {
				t.Errorf("%v/s: %+v", rate, o)
			}
		})
	}
}

// TestRateAfterSilence does not make up for what the source did not give.
func TestRateAfterSilence(t *testing.T) {
	inFakeTime(t, func(t *testing.T, client *mqtt.Client, server *mqtttest.Conn) {
		r, w := io.Pipe()
		done := start(t.Context(), client, lines(r, 0), publish.Options{Rate: 2})
		_, _ = io.WriteString(w, "1\n")
		server.Packet()
		<-time.After(10 * time.Second)
		go func() {
			_, _ = io.WriteString(w, "2\n3\n4\n")
			_ = w.Close()
		}()
		begun := time.Now()
		for i := range 3 {
			server.Packet()
			if at := time.Since(begun); at != time.Duration(i)*time.Second/2 {
				t.Errorf("message %d after the silence left after %v", i, at)
			}
		}
		if o := <-done; o.err != nil {
			t.Error(o.err)
		}
	})
}
