package jsre_test

import (
	"context"
	"runtime"
	"testing"

	"dunlin/jsre"
)

// A host with a script for each of many devices: what is alive of a hundred runtimes that have run a script is
// bounded.
func TestAHundredRuntimesAreSmall(t *testing.T) {
	const (
		runtimes = 100
		most     = 40e6
	)
	before := heap()
	all := make([]*jsre.Runtime, runtimes)
	for i := range all {
		rt, err := jsre.New(jsre.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := rt.RunString(context.Background(), "hello.js", `console.log('hello');`); err != nil {
			t.Fatal(err)
		}
		all[i] = rt
	}
	if used := heap() - before; used > most {
		t.Errorf("%d runtimes use %.1f MB, want %.0f at most", runtimes, float64(used)/1e6, most/1e6)
	} else {
		t.Logf("%.0f KB each", float64(used)/runtimes/1e3)
	}
	runtime.KeepAlive(all)
}

func heap() int64 {
	var m runtime.MemStats
	for range 2 { // the second cycle frees what finalizers held
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
