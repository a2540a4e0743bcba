package scenario_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"dunlin/internal/load/result"
	"dunlin/internal/load/scenario"
)

var modes = map[string]func(scenario.Options) scenario.Scenario{
	"conn": scenario.Conn, "pub": scenario.Pub, "sub": scenario.Sub, "rtt": scenario.RTT,
	"fan-in": scenario.FanIn, "fan-out": scenario.FanOut, "share": scenario.Share,
}

// TestModesAreScenarios holds each mode, as it is by itself and with names of one's own, to the checks of files.
func TestModesAreScenarios(t *testing.T) {
	for name, mode := range modes {
		for _, o := range []scenario.Options{
			{Clients: 10, First: 1, Size: 64, Duration: time.Second},
			{Clients: 10, First: 1, Others: 3, Size: 64, Duration: time.Second, QoS: 1, Rate: 100, Topics: 5},
			{Clients: 1, Topic: "own/x", ClientID: "{{.Group}}%i", Payload: "{{.N}}", Size: 64, Duration: time.Second, QoS: 2},
		} {
			s := mode(o)
			if s.Name != name {
				t.Errorf("%s is called %q", name, s.Name)
			}
			if err := s.Check(); err != nil {
				t.Errorf("%s %+v: %v", name, o, err)
			}
			if err := s.CanVerify(); err != nil {
				t.Errorf("%s %+v: %v", name, o, err)
			}
		}
	}
}

func TestWhoPublishesAndWhoSubscribesInTheModes(t *testing.T) {
	o := scenario.Options{Clients: 10, Others: 2, Rate: 100, QoS: 1, Topics: 3}
	type side struct {
		clients int
		rate    float64
		topic   string
		filter  string
		share   string
		echo    bool
	}
	for name, want := range map[string][]side{
		"conn":    {{clients: 10}},
		"pub":     {{clients: 10, rate: 10, topic: "bench/pub/{{.Client}}-{{.TopicNumber}}"}},
		"sub":     {{clients: 10, filter: "bench/#"}},
		"rtt":     {{clients: 2, filter: "bench/rtt/+", share: "bench", echo: true}, {clients: 10, rate: 10, topic: "bench/rtt/{{.Client}}-{{.TopicNumber}}"}},
		"fan-in":  {{clients: 2, filter: "bench/fan-in/+", share: "bench"}, {clients: 10, rate: 10, topic: "bench/fan-in/{{.Client}}-{{.TopicNumber}}"}},
		"fan-out": {{clients: 10, filter: "bench/fan-out/+"}, {clients: 2, rate: 50, topic: "bench/fan-out/{{.Client}}-{{.TopicNumber}}"}},
		"share":   {{clients: 10, filter: "bench/share/+", share: "bench"}, {clients: 2, rate: 50, topic: "bench/share/{{.Client}}-{{.TopicNumber}}"}},
	} {
		var got []side
		for _, g := range modes[name](o).Groups {
			s := side{clients: g.Clients, echo: g.Echo}
			for _, p := range g.Publish {
				s.rate, s.topic = p.Rate, p.Topic
			}
			for _, f := range g.Subscribe {
				s.filter, s.share = f.Filter, f.Share
			}
			got = append(got, s)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
	}
}

func TestWhatTheModesMeasure(t *testing.T) {
	for name, want := range map[string]string{
		"conn": "connect: connect", "pub": "publish: connect publish wire", "sub": "connect: connect subscribe",
		"rtt":    "rtt: connect subscribe publish wire rtt",
		"fan-in": "delivery: connect subscribe publish wire delivery",
	} {
		s := modes[name](scenario.Options{Clients: 1, QoS: 1})
		if got := s.Latency + ": " + strings.Join(s.Latencies(), " "); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if s := scenario.Pub(scenario.Options{Clients: 1}); s.Latency != result.Connect {
		t.Errorf("nothing is acknowledged at QoS 0, and the latency is %s", s.Latency)
	}
}

func TestFiltersThatCoverATemplatesTopics(t *testing.T) {
	for topic, want := range map[string]string{"a/%i/b": "a/+/b", "a-{{.Client}}/{{.TopicNumber}}{{.Group}}/c": "+/+/c", "plain": "plain"} {
		s := scenario.FanIn(scenario.Options{Clients: 1, Topic: topic})
		if got := s.Groups[0].Subscribe[0].Filter; got != want {
			t.Errorf("%s: got %s, want %s", topic, got, want)
		}
	}
}

// TestWhatCannotBeVerified puts the lines of two groups, a publisher's and a subscriber's, into a file.
func TestWhatCannotBeVerified(t *testing.T) {
	for lines, want := range map[[2]string]string{
		{"publish: {topic: a, qos: 1, retain: true}", "{filter: a}"}:                                                                            `group p: retained messages come again with each subscription, so "a" cannot be verified`,
		{"publish: {topic: a, qos: 1}", "[{filter: a/#}, {filter: +}]"}:                                                                         `group s: servers differ in how often a message comes that "a/#" and "+" match`,
		{"publish: {topic: a, qos: 1}", "[{filter: a/+}, {filter: b/a}, {filter: a}]"}:                                                          "",
		{"publish: {topic: a, qos: 1}", "{filter: a, qos: 0}\n    drop: {every: 1s}"}:                                                           `group s: its links are dropped, and at QoS 0`,
		{"publish: {topic: a, qos: 1}", "{filter: a, qos: 1}\n    drop: {every: 1s}"}:                                                           `group s: its links are dropped, and a session that is not kept`,
		{"publish: {topic: a, qos: 1}", "{filter: a, qos: 1, share: w}\n    drop: {every: 1s}"}:                                                 "",
		{"publish: {topic: a, qos: 1}", "{filter: a, qos: 1}\n    keep_session: true\n    drop: {every: 1s}"}:                                   "",
		{"publish: {topic: a, qos: 0}", "{filter: a, qos: 1}\n    keep_session: true\n    drop: {every: 1s}"}:                                   `group s: its links are dropped, and what is published to "a" at QoS 0`,
		{"publish: {topic: a, qos: 1}", "{filter: a, qos: 1}\n    keep_session: true\n    session_expiry: 5s\n    drop: {every: 10s, for: 5s}"}: `group s: its sessions end after 5s and links stay away for 5s`,
	} {
		text := "duration: 1s\ngroups:\n  - name: p\n    " + lines[0] + "\n  - name: s\n    subscribe: " + lines[1]
		s, err := scenario.Parse("f.yaml", []byte(text))
		if err != nil {
			t.Errorf("%s\n%v", text, err)
			continue
		}
		got := s.CanVerify()
		if want == "" && got != nil || want != "" && (got == nil || !strings.HasPrefix(got.Error(), want)) {
			t.Errorf("%s\ngot  %v\nwant %s", text, got, want)
		}
	}
}

func TestParametersSayWhatALoadIs(t *testing.T) {
	s, err := scenario.Parse("whole.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range s.Parameters() {
		got = append(got, strings.TrimPrefix(p.Group+"."+p.Name, ".")+"="+p.Value)
	}
	for _, want := range []string{
		"warmup=5s", "phase up=10s, from 0 to 1 times the rate", "phase 2=1m0s, 2 times the rate of sensors, links dropped", "seed=7",
		"sensors.clients=1000", "sensors.will=gone/{{.ClientID}}, payload \"{{.ClientID}}\", QoS 1, retained",
		"sensors.publish 1=s/{{.Client}}/{{.TopicNumber}}, 1024 bytes, QoS 1, 0.1/s, 4 topics",
		"sensors.drop=every 30s for 2s, 10% of the clients", "more.subscribe=s/+/#, QoS 2, shared as workers, 5ms of work a message", "echo.echo=true",
	} {
		found := false
		for _, line := range got {
			found = found || line == want
		}
		if !found {
			t.Errorf("%s is missing in\n%s", want, strings.Join(got, "\n"))
		}
	}
}
