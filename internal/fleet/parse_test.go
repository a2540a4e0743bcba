package fleet_test

import (
	"strings"
	"testing"
	"time"

	examples "dunlin/examples/fleet"
	"dunlin/internal/fleet"
)

func TestEveryBuiltInFleetCanBeRead(t *testing.T) {
	t.Parallel()
	entries, err := examples.Files.ReadDir(".")
	if err != nil || len(entries) < 5 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, e := range entries {
		text, err := examples.Files.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		s, err := fleet.Parse(e.Name(), text)
		if err != nil || s.About == "" || s.Name+".yaml" != e.Name() {
			t.Errorf("%s: name %q, about %q: %v", e.Name(), s.Name, s.About, err)
		}
	}
}

func TestUnitsOfNumbers(t *testing.T) {
	t.Parallel()
	s, err := fleet.Parse("x.yaml", []byte(plainFleet))
	if err != nil {
		t.Fatal(err)
	}
	values := s.Groups[0].Streams[0].Values
	track, counter := values[3], values[2]
	if track.Radius != 3000 || track.Speed < 11.11 || track.Speed > 11.12 || counter.Rate*3600 < 1.499 || counter.Rate*3600 > 1.501 {
		t.Errorf("radius %v, speed %v, rate %v", track.Radius, track.Speed, counter.Rate)
	}
	if f := s.Service.Firmware; f.Size != 100<<10 || f.Chunk != 16<<10 || s.Groups[0].Streams[0].QoS != 1 || s.Ramp != 100*time.Millisecond {
		t.Errorf("%+v, ramp %v", f, s.Ramp)
	}
}

// A file that is wrong is refused with the place of the fault, and what would be right.
func TestFaultsOfAFileAreNamedWithTheirPlace(t *testing.T) {
	t.Parallel()
	group := func(lines string) string { return "groups:\n  - name: g\n" + lines }
	const telemetry = "    telemetry: [{values: [{name: v, walk: {}}]}]\n"
	for want, text := range map[string]string{
		"f.yaml: the file is empty":                                        "",
		"f.yaml:1:1: a fleet needs groups, and there is none":              "name: x",
		`f.yaml:1:1: there is no key "nam"`:                                "nam: x\ngroups: [{name: g}]",
		`f.yaml:3:12: count: "0" is not a whole number from 1 to 1000000`:  group("    count: 0\n"),
		`f.yaml:3:5: there is no key "cuont"; did you mean count?`:         group("    cuont: 3\n"),
		`f.yaml:3:14: profile: "homie" is not one of plain, homeassistant`: group("    profile: homie\n"),
		`f.yaml:3:17: keep_alive: 500ms is shorter than 1s`:                group("    keep_alive: 500ms\n"),
		`f.yaml:3:17: keep_alive: 100h0m0s is not a number of whole sec`:   group("    keep_alive: 100h\n"),
		`f.yaml:3:17: keep_alive: 1.5s is not a number of whole seconds`:   group("    keep_alive: 1500ms\n"),
		"value \"v\" needs one of constant, counter, daily":                group("    telemetry: [{values: [{name: v}]}]\n"),
		"value \"v\" is steps and walk; choose one":                        group("    telemetry: [{values: [{name: v, walk: {}, steps: {}}]}]\n"),
		"walk: start 500 is to be between min 0 and max 100":               group("    telemetry: [{values: [{name: v, walk: {start: 500}}]}]\n"),
		`f.yaml:2:5: group "g": telemetry topic "status" is taken`:         group("    telemetry: [{topic: status, values: [{name: v, walk: {}}]}]\n"),
		`value "v": the name is taken`:                                     group("    telemetry: [{values: [{name: v, walk: {}}, {name: v, walk: {}}]}]\n"),
		`base is "all" for all its devices; put {n} or {device} into it`:   group("    count: 2\n    base: all\n"),
		`there is no {x}; {n} is the number`:                               group("    base: a/{x}\n"),
		`an edge node of Sparkplug does not sleep`:                         group("    profile: sparkplug\n    sleep: {}\n" + telemetry),
		`an edge node of Sparkplug needs telemetry`:                        group("    profile: sparkplug\n"),
		`device "g-1" is used by group "g", too`:                           group("") + "  - name: g\n",
		"f.yaml:3:1: a second document begins here":                        group("") + "---\na: b\n",
		"f.yaml:1: this is not YAML: did not find expected":                "groups: [",
		"f.yaml:4:5: count stands here twice":                              group("    count: 1\n    count: 2\n"),
	} {
		_, err := fleet.Parse("f.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestScaleKeepsTheShares(t *testing.T) {
	t.Parallel()
	s := fleet.Scenario{Groups: []fleet.Group{{Count: 10}, {Count: 30}, {Count: 1}}}
	s.Scale(410)
	if s.Groups[0].Count != 100 || s.Groups[1].Count != 300 || s.Groups[2].Count != 10 {
		t.Errorf("%+v", s.Groups)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	r := &fleet.Result{Counts: map[string]int64{"unanswered": 2}}
	for text, want := range map[string]bool{"unanswered>1": true, "unanswered > 2": false, "unanswered>=2": true, "unanswered<3": true, "unanswered<=1": false} {
		l, err := fleet.ParseLimit(text)
		if value, failed := l.Failed(r); err != nil || failed != want || value != 2 {
			t.Errorf("%s: %v, %v, %v", text, value, failed, err)
		}
	}
	for text, want := range map[string]string{"lost>0": "nothing is counted as \"lost\"; there are connects,", "unanswered": "is no limit", "unanswered>x": "is no whole number"} {
		if _, err := fleet.ParseLimit(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
