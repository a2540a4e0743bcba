package sparkplug_test

import (
	"testing"

	"dunlin/mqtt/sparkplug"
)

func TestACheckerNamesMetricsByTheirAliases(t *testing.T) {
	c := sparkplug.NewChecker(sparkplug.CheckerConfig{FromStart: true})
	good()[0].look(c)
	m := wireData("", 5)
	m.Name.Has, m.Alias = false, some(uint64(1<<32+2))
	bad := step{topic: "g/NDATA/n", p: wireOf(1, m)}
	bad.look(c)
	if r := c.Report(); len(r.Breaks) != 1 || r.Breaks[0].What != "metric with alias 4294967298 is not in the birth" {
		t.Errorf("%+v", r.Breaks)
	}
}

func TestACheckerCountsWhatItFinds(t *testing.T) {
	var told []string
	c := sparkplug.NewChecker(sparkplug.CheckerConfig{Keep: 1, OnBreak: func(b sparkplug.Break) { told = append(told, b.String()) }})
	bad := good()[0]
	bad.qos, bad.retain = 1, true
	bad.look(c)
	bad.look(c)
	r := c.Report()
	if r.Must != 4 || r.Count["tck-id-payloads-nbirth-qos"] != 2 || len(r.Breaks) != 1 || len(told) != 4 {
		t.Errorf("%+v; told %q", r, told)
	}
	if want := "spBv1.0/g/NBIRTH/n: it is of QoS 1, not 0 (tck-id-payloads-nbirth-qos)"; told[0] != want {
		t.Errorf("told %q", told[0])
	}
}
