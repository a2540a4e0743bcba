package storm

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/faultlab/internal/clients"
	"dunlin/faultlab/internal/peer"
)

var (
	fleet     = flag.Int("fleet", 600, "how many clients the cluster in fake time has")
	firstWait = flag.Duration("min-delay", 5*time.Second, "the bound of the first wait of those clients")
)

// nodes are the servers of a cluster, by the address that clients dial.
type nodes map[string]*peer.Peer

func (n nodes) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return n[address].Dial(ctx, network, address)
}

// joined returns how many clients each node has, and all have.
func (n nodes) joined() (each map[string]int, all int) {
	each = map[string]int{}
	for name, p := range n {
		each[name] = p.Joined()
		all += each[name]
	}
	return each, all
}

// TestClientsOfANodeThatDiesSpread has a fleet whose clients all have the same list of three nodes. They begin in equal
// parts, and when one node dies for good, its clients come to the two others in equal parts, and in any second not more
// of them than the bound of the first wait allows. Parts are equal give or take six standard deviations.
func TestClientsOfANodeThatDiesSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := nodes{}
		names := []string{"one.test:1883", "two.test:1883", "three.test:1883"}
		for _, name := range names {
			cluster[name] = peer.New(peer.Config{Clocked: true})
		}
		var all []clients.Client
		for i := range *fleet {
			c, err := clients.Start(t.Context(), "dunlin", clients.Options{
				ID: fmt.Sprintf("c-%d", i), Address: names[0], Others: names[1:], Version: 5,
				MinDelay: *firstWait, MaxDelay: time.Minute, Dial: cluster.dial,
			})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		synctest.Wait()
		before, n := cluster.joined()
		t.Logf("at the beginning %v", before)
		if n != *fleet {
			t.Fatalf("%d of %d are connected", n, *fleet)
		}
		for _, n := range before {
			checkShare(t, n, *fleet, 3)
		}
		<-time.After(time.Minute)
		cluster[names[0]].Down()
		back := time.Now()
		for n = 0; n < *fleet && time.Since(back) < 10*time.Minute; _, n = cluster.joined() {
			<-time.After(100 * time.Millisecond)
			synctest.Wait()
		}
		after, n := cluster.joined()
		lost := before[names[0]]
		perSecond := arrivalsPerSecond(cluster, back)
		busiest := slices.Max(perSecond)
		t.Logf("%d lost their node; %v after %v, in a second at most %d, %v a second on average", lost, after, time.Since(back), busiest, float64(lost)/firstWait.Seconds())
		if n != *fleet {
			t.Errorf("%d of %d are back", n, *fleet)
		}
		checkShare(t, after[names[1]]-before[names[1]], lost, 2)
		mean := float64(lost) / firstWait.Seconds()
		if float64(busiest) > mean+6*math.Sqrt(mean) {
			t.Errorf("%d came in one second, where %.0f do on average", busiest, mean)
		}
		closeAll(all)
		for _, p := range cluster {
			p.Close()
		}
	})
}

// checkShare checks that n is one of so many equal parts of all.
func checkShare(t *testing.T, n, all, parts int) {
	t.Helper()
	share := 1 / float64(parts)
	want := share * float64(all)
	if math.Abs(float64(n)-want) > 6*math.Sqrt(want*(1-share)) {
		t.Errorf("a node has %d of %d, where %.0f would be its share", n, all, want)
	}
}

// arrivalsPerSecond counts the connections to all nodes since back.
func arrivalsPerSecond(cluster nodes, back time.Time) []int {
	counts := make([]int, 601)
	for _, p := range cluster {
		for _, at := range p.Arrivals() {
			if !at.Before(back) {
				counts[min(int(at.Sub(back)/time.Second), 600)]++
			}
		}
	}
	return counts
}
