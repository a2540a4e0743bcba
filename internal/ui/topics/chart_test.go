package topics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// wave gives a topic a message a second.
func wave(tree *Tree, count int) (values []float64) {
	for i := range count {
		x := math.Round(1000*math.Sin(float64(i)/50)) / 10
		values = append(values, x)
		tree.Add(&mqtt.Received{Topic: "a", Payload: fmt.Appendf(nil, `{"t":{"c":[%v]},"name":"x","on":%v,"odd key":1}`, x, i%2 == 0)}, start.Add(time.Duration(i)*time.Second))
	}
	return values
}

// Few numbers are all in the chart, in order.
func TestChartOfFewNumbersHasThemAll(t *testing.T) {
	tree := NewStore(1 << 20).NewTree()
	want := wave(tree, 300)
	tree.Add(&mqtt.Received{Topic: "a", Payload: []byte("no number")}, start.Add(time.Hour))
	series, err := tree.Chart(t.Context(), protocol.Chart{Node: tree.Node("a"), Member: ".t.c[0]", Points: 300})
	if err != nil || !slices.Equal(series.Values, want) || series.Skipped != 1 {
		t.Fatalf("%v, %v", series, err)
	}
	for i, at := range series.Times {
		if at != start.Add(time.Duration(i)*time.Second).UnixMilli() {
			t.Fatalf("time %d is %d", i, at)
		}
	}
	since := start.Add(290 * time.Second).UnixMilli()
	series, err = tree.Chart(t.Context(), protocol.Chart{Node: tree.Node("a"), Member: ".on", Points: 300, Since: since})
	if err != nil || !slices.Equal(series.Values, []float64{1, 0, 1, 0, 1, 0, 1, 0, 1, 0}) {
		t.Errorf("%v, %v", series, err)
	}
}

// Numbers of one moment are in the order in which they came.
func TestChartHasNumbersOfOneMomentInOrder(t *testing.T) {
	tree := NewStore(0).NewTree()
	for _, text := range []string{"3", "1", "2"} {
		add(tree, "a", text)
	}
	series, err := tree.Chart(t.Context(), protocol.Chart{Node: tree.Node("a"), Points: 10})
	if err != nil || !slices.Equal(series.Values, []float64{3, 1, 2}) {
		t.Errorf("%v, %v", series, err)
	}
}

// Many numbers become few, and the least and the greatest of each span are among them.
func TestChartOfManyNumbersKeepsTheirExtremes(t *testing.T) {
	tree := NewStore(32 << 20).NewTree()
	values := wave(tree, 20_000)
	series, err := tree.Chart(t.Context(), protocol.Chart{Node: tree.Node("a"), Member: ".t.c[0]", Points: 1000})
	if err != nil || len(series.Values) > 1000 || len(series.Values) < 900 || !slices.IsSorted(series.Times) {
		t.Fatalf("%d points, %v", len(series.Values), err)
	}
	const width = 20_000 / 500
	for from := 0; from < len(values); from += width {
		span := values[from : from+width]
		for _, extreme := range []float64{slices.Min(span), slices.Max(span)} {
			if !slices.Contains(series.Values, extreme) {
				t.Fatalf("%v, of the span from %d, is not in the chart", extreme, from)
			}
		}
	}
	if want := []string{".t.c[0]", ".on", `["odd key"]`}; !slices.Equal(series.Members, want) {
		t.Errorf("members %q", series.Members)
	}
}

// A chart that cannot be made says why, and one that nobody waits for any more ends.
func TestChartSaysWhyThereIsNone(t *testing.T) {
	tree := NewStore(0).NewTree()
	add(tree, "a/b", "1")
	if _, err := tree.Chart(t.Context(), protocol.Chart{Node: tree.Node("a/b"), Member: "a"}); err == nil || !strings.Contains(err.Error(), "write .a.b[0]") {
		t.Errorf("%v", err)
	}
	if _, err := tree.Chart(t.Context(), protocol.Chart{Node: tree.Node("a")}); err == nil || !strings.Contains(err.Error(), "look at a topic below it") {
		t.Errorf("%v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tree.Chart(gone, protocol.Chart{Node: tree.Node("a/b")}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	series, err := tree.Chart(t.Context(), protocol.Chart{Node: tree.Node("a/b")})
	if err != nil || !slices.Equal(series.Values, []float64{1}) || series.Members != nil {
		t.Errorf("%+v, %v", series, err)
	}
}
