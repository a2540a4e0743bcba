package fleet_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dunlin/internal/fleet"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// stuckBehind returns the address of a way to the server on which nothing more is read from the client stuck-1 after it has subscribed.
func stuckBehind(t *testing.T, server *mosquitto.Broker) string {
	t.Helper()
	return accepting(t, func(client net.Conn) { passOn(t.Context(), client, strings.TrimPrefix(server.URL(), "mqtt://")) })
}

// passOn passes on what client and server say.
func passOn(ctx context.Context, client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	context.AfterFunc(ctx, func() { _ = client.Close() })
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	const subscribe = 0x82
	for stuck := false; ; {
		packet, err := readPacket(client)
		if err != nil {
			return
		}
		stuck = stuck || bytes.Contains(packet, []byte("stuck-1"))
		if _, err := server.Write(packet); err != nil {
			return
		}
		if stuck && packet[0] == subscribe {
			<-ctx.Done()
			return
		}
	}
}

// readPacket reads one packet.
func readPacket(from io.Reader) ([]byte, error) {
	packet := make([]byte, 2)
	if _, err := io.ReadFull(from, packet); err != nil {
		return nil, err
	}
	for packet[len(packet)-1] >= 0x80 {
		packet = append(packet, 0)
		if _, err := io.ReadFull(from, packet[len(packet)-1:]); err != nil {
			return nil, err
		}
	}
	length, _ := binary.Uvarint(packet[1:])
	packet = append(packet, make([]byte, length)...)
	_, err := io.ReadFull(from, packet[len(packet)-int(length):])
	return packet, err
}

// A server that takes nothing from one device holds up that device alone: the others go on, what does not leave is counted and
// told, and the run ends when it is to.
func TestADeviceThatTheServerDoesNotReadHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	const big = `values: [{name: v, steps: {words: ["%s", "%s"], hold: 1s}}]`
	words := fmt.Sprintf(big, strings.Repeat("a", 200_000), strings.Repeat("b", 200_000))
	for _, kind := range []string{"qos: 0", "profile: sparkplug"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s, err := fleet.Parse("test.yaml", fmt.Appendf(nil, "ramp: 10ms\ngroups:\n"+
				"  - {name: stuck, %s, telemetry: [{every: 1s, %s}]}\n  - {name: good, count: 3, telemetry: [{every: 1s, values: [{name: v, walk: {}}]}]}\n", kind, words))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var told atomic.Int64
			seen := int64(-1) // when the first reading of the device was given up
			ended := make(chan fleet.Result)
			url := stuckBehind(t, mosquitto.Start(t, mosquitto.Options{}))
			go func() {
				result, err := fleet.Run(ctx, fleet.Options{
					URL: url, Config: mqtt.Config{Version: mqtt.V311}, Speed: 50, Check: true,
					OnError: func(err error) {
						if strings.Contains(err.Error(), "stuck-1") && strings.Contains(err.Error(), "does not take") {
							told.Add(1)
						}
					},
					Progress: func(p fleet.Progress) {
						switch count := p.Count; {
						case seen < 0 && count(fleet.Unsent) > 0:
							seen = count(fleet.Seen)
						case seen >= 0 && count(fleet.Seen) > seen+100:
							cancel()
						}
					},
				}, s)
				if err != nil {
					t.Error(err)
				}
				ended <- result
			}()
			select {
			case result := <-ended:
				if told.Load() == 0 || result.Get(fleet.Violations) != 0 {
					t.Errorf("%d times told, %+v, %+v", told.Load(), result.Counts, result.Breaks)
				}
			case <-time.After(50 * time.Second):
				t.Fatal("the run stands still")
			}
		})
	}
}
