package publish_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"dunlin/internal/publish"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// TestLostConnections breaks connections at arbitrary bytes: each line arrives once, in its order.
func TestLostConnections(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cuts := rapid.SliceOfN(rapid.IntRange(0, 200), 1, 4).Draw(rt, "bytes written before each connection breaks")
		fault := rapid.SampledFrom([]mqtttest.Fault{mqtttest.Cut, mqtttest.Break}).Draw(rt, "fault")
		qos := rapid.SampledFrom([]mqtt.QoS{0, 1}).Draw(rt, "QoS")
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t)
			n.faults = func(number int) mqtttest.Faults {
				if number >= len(cuts) {
					return mqtttest.Faults{}
				}
				return mqtttest.Faults{OnWrite: fault, WriteBytes: connectSize + cuts[number]}
			}
			client, server := n.connect(mqtt.Config{Reconnect: &mqtt.Reconnect{}})
			done := start(t.Context(), client, lines(strings.NewReader(numbered(60)), qos), publish.Options{Resume: true})
			var came []string
			for connected := true; connected; {
				came = append(came, serve(t, server)...)
				select {
				case server = <-n.conns:
					server.Accept()
				case o := <-done:
					if o.err != nil || o.Completed != 60 || o.Taken != 60 {
						t.Errorf("%+v", o)
					}
					connected = false
				}
			}
			end(client)
			if qos == 1 { // a line may come twice, where its acknowledgement was lost
				slices.SortStableFunc(came, func(a, b string) int { return len(a) - len(b) })
				came = slices.Compact(came)
			}
			if got, want := strings.Join(came, "\n")+"\n", numbered(60); got != want {
				t.Errorf("arrived %q", got)
			}
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// serve acknowledges what comes on a connection, and returns the payloads.
func serve(t *testing.T, server *mqtttest.Conn) []string {
	t.Helper()
	var came []string
	server.SetPatience(time.Minute)
	for {
		packet, err := server.TryPacket()
		if err != nil {
			return came
		}
		p := parse(t, packet)
		came = append(came, p.payload)
		if p.qos == 1 {
			_, _ = server.Write([]byte{0x40, 2, byte(p.id >> 8), byte(p.id)}) // the connection may have ended
		}
	}
}

// TestAMessageThatBreaksConnections is not published for ever.
func TestAMessageThatBreaksConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		n.faults = func(int) mqtttest.Faults {
			return mqtttest.Faults{OnWrite: mqtttest.Break, WriteBytes: connectSize + 4}
		}
		client, server := n.connect(mqtt.Config{Reconnect: &mqtt.Reconnect{}})
		done := start(t.Context(), client, messages(1, 0), publish.Options{Resume: true})
		for connected := true; connected; {
			serve(t, server)
			select {
			case server = <-n.conns:
				server.Accept()
			case o := <-done:
				if !errors.Is(o.err, mqtt.ErrInDoubt) {
					t.Error(o.err)
				}
				expect(t, o.Result, publish.Result{Taken: 1, InDoubt: 1, Again: 4})
				connected = false
			}
		}
		end(client)
	})
}
