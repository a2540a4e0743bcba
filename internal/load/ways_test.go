package load_test

import (
	"context"
	"net"
	"slices"
	"sync/atomic"
	"testing"

	"dunlin/internal/load"
	"dunlin/internal/load/scenario"
)

// TestClientsTakeWaysInTurn over the groups: seven clients of two, three ways.
func TestClientsTakeWaysInTurn(t *testing.T) {
	dialed := make([]atomic.Int64, 3)
	var ways []load.Way
	for i := range dialed {
		ways = append(ways, func(ctx context.Context, network, address string) (net.Conn, error) {
			dialed[i].Add(1)
			return new(net.Dialer).DialContext(ctx, network, address)
		})
	}
	s := scenario.FanIn(scenario.Options{Clients: 5, First: 3, Others: 2, Count: 2, QoS: 1, Size: 64})
	if _, err := load.Run(t.Context(), load.Options{URL: embedded(t), Ways: ways}, s); err != nil {
		t.Fatal(err)
	}
	if got := []int64{dialed[0].Load(), dialed[1].Load(), dialed[2].Load()}; !slices.Equal(got, []int64{3, 2, 2}) {
		t.Errorf("dialed %d times", got)
	}
}
