package prom_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"dunlin/observe/prom"
)

func TestAScrapeHasSeriesByNameNotByClient(t *testing.T) {
	url := start(t)
	all := prom.NewCollector()
	for range 20 {
		all.Add("one name", dial(t, url))
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(all)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if len(f.GetMetric()) != 1 {
			t.Errorf("%s has %d series for clients of one name", f.GetName(), len(f.GetMetric()))
		}
	}
	if len(families) != 14 {
		t.Errorf("%d metrics, docs/OBSERVING.md says 14", len(families))
	}
}
