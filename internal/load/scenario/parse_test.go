package scenario_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"dunlin/internal/load/scenario"
)

const whole = `
name: everything
seed: 7
warmup: 5s
drain: 3s
latency: rtt
groups:
  - &many
    name: sensors
    clients: 1_000
    first: 2001
    connect_rate: 500/s
    client_id: sensor-%i
    username: user-{{.Client}}
    keep_session: true
    session_expiry: 1h
    keep_alive: 30s
    will: {topic: "gone/%c", payload: "{{.ClientID}}", qos: 1, retain: true}
    drop: {every: 30s, for: 2s, clients: 10%}
    publish:
      - {topic: "s/%i/%t", topics: 4, size: 1k, qos: 1, rate: 6/m}
      - {topic: "ask/%i", payload: '{"n":{{.N}}}', answered: true, in_flight: 2, count: 9, retain: true}
  - <<: *many
    name: more
    client_id: more-%i
    drop: ~
    publish: ~
    subscribe: {filter: "s/+/#", qos: 2, share: workers, work: 5ms}
  - name: echo
    echo: true
    subscribe: {filter: ask/+}
phases:
  - {name: up, duration: 10s, from: 0%, to: 100%, drops: false}
  - {duration: 1m, rate: 2, groups: [sensors]}
`

func TestAFileSaysEverything(t *testing.T) {
	got, err := scenario.Parse("whole.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	sensors := scenario.Group{
		Name: "sensors", Clients: 1000, First: 2001, Rate: 500, ClientID: "sensor-{{.Client}}", Username: "user-{{.Client}}",
		KeepSession: true, SessionExpiry: time.Hour, KeepAlive: 30 * time.Second,
		Will: &scenario.Message{Topic: "gone/{{.ClientID}}", Payload: "{{.ClientID}}", QoS: 1, Retain: true},
		Drop: &scenario.Drop{Every: 30 * time.Second, For: 2 * time.Second, Share: 0.1},
		Publish: []scenario.Publish{
			{Message: scenario.Message{Topic: "s/{{.Client}}/{{.TopicNumber}}", Size: 1024, QoS: 1}, Topics: 4, Rate: 0.1, InFlight: 100},
			{Message: scenario.Message{Topic: "ask/{{.Client}}", Payload: `{"n":{{.N}}}`, Retain: true}, Count: 9, InFlight: 2, Answered: true},
		},
	}
	more := sensors
	more.Name, more.ClientID, more.Drop, more.Publish = "more", "more-{{.Client}}", nil, nil
	more.Subscribe = []scenario.Subscribe{{Filter: "s/+/#", QoS: 2, Share: "workers", Work: 5 * time.Millisecond}}
	want := scenario.Scenario{
		Name: "everything", Seed: 7, Warmup: 5 * time.Second, Drain: 3 * time.Second, Latency: "rtt",
		Groups: []scenario.Group{sensors, more, {
			Name: "echo", Clients: 1, First: 1, ClientID: "{{.Group}}-{{.Client}}", KeepAlive: time.Minute, Echo: true,
			Subscribe: []scenario.Subscribe{{Filter: "ask/+"}},
		}},
		Phases: []scenario.Phase{
			{Name: "up", Duration: 10 * time.Second, From: 0, To: 1},
			{Name: "2", Duration: time.Minute, From: 2, To: 2, Groups: []string{"sensors"}, Drops: true},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestAShortFileHasDefaults(t *testing.T) {
	got, err := scenario.Parse("short.yaml", []byte("duration: 10s\ngroups:\n  name: load\n  publish: {topic: a}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := scenario.Scenario{
		Name: "short", Drain: 10 * time.Second, Latency: "connect",
		Groups: []scenario.Group{{
			Name: "load", Clients: 1, First: 1, ClientID: "{{.Group}}-{{.Client}}", KeepAlive: time.Minute,
			Publish: []scenario.Publish{{Message: scenario.Message{Topic: "a", Size: 64}, InFlight: 100}},
		}},
		Phases: []scenario.Phase{{Name: "load", Duration: 10 * time.Second, From: 1, To: 1}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestFaultsSayWhereTheyAre puts each line into a file that is right otherwise.
func TestFaultsSayWhereTheyAre(t *testing.T) {
	group := func(lines string) string { return "duration: 10s\ngroups:\n  - name: a\n    clients: 2\n" + lines }
	for text, want := range map[string]string{
		group("    publish: {topic: x, rat: 1}"):                              `f.yaml:5:25: there is no key "rat"; did you mean rate?`,
		group("    publish: {topic: x/+}"):                                    `f.yaml:5:22: topic: topic name holds a wildcard`,
		group("    publish: {topic: ''}"):                                     `f.yaml:5:22: topic: there is none`,
		group("    publish: {size: 1}"):                                       `f.yaml:5:14: topic: there is none`,
		group("    publish: {topic: 'x/{{.N}}'}"):                             `f.yaml:5:22: topic: {{.N}} means nothing here; there are .Client, `,
		group("    publish: {topic: x, payload: '{{.No}}'}"):                  `f.yaml:5:34: payload: there is no {{.No}}`,
		group("    publish: {topic: x, payload: a, size: 3}"):                 `f.yaml:5:43: size is for a payload that is made up`,
		group("    publish: {topic: x, qos: 3}"):                              `f.yaml:5:30: qos: "3" is not a whole number from 0 to 2`,
		group("    publish: {topic: x, topics: 3}"):                           `f.yaml:5:33: topics: the topic has to name {{.TopicNumber}}, or all 3 are the same`,
		group("    publish: {topic: x, rate: -1}"):                            `f.yaml:5:31: rate: "-1" is not a rate such as`,
		group("    publish: {topic: x, rate: 0/s}"):                           `f.yaml:5:31: rate: 0 is no rate; without one it is as fast as in_flight allows; a phase with rate: 0 is silence`,
		group("    publish: {topic: x, count: 0}"):                            `f.yaml:5:32: count: "0" is not a whole number from 1 to `,
		group("    connect_rate: 0"):                                          `f.yaml:5:19: connect_rate: 0 is no rate; without one it is as fast as the broker takes them`,
		group("    publish: {topic: x, in_flight: 70000}"):                    `f.yaml:5:36: in_flight: "70000" is not a whole number from 1 to 65535`,
		group("    subscribe: {filter: a/#/b}"):                               `f.yaml:5:25: filter: "a/#/b"`,
		group("    subscribe: {filter: $share/g/a}"):                          `f.yaml:5:25: filter: the group of a shared subscription is given as share`,
		group("    subscribe: {filter: a, share: g/h}"):                       `f.yaml:5:35: share: a group's name cannot hold /`,
		group("    subscribe: {filter: 'a/%t'}"):                              `f.yaml:5:25: filter: {{.TopicNumber}} means nothing here`,
		group("    echo: true"):                                               `f.yaml:5:11: an echo has to subscribe to what it answers`,
		group("    client_id: same"):                                          `f.yaml:5:16: client_id: "same" is the same for all clients`,
		group("    client_id: '{{.Client}}-{{.Username}}'"):                   `f.yaml:5:16: client_id: {{.Username}} means nothing here`,
		group("    session_expiry: 1h"):                                       `f.yaml:5:21: session_expiry is for keep_session: true`,
		group("    keep_alive: 1.5s"):                                         `f.yaml:5:17: keep_alive: 1.5s is not a number of whole seconds`,
		group("    keep_alive: 20h"):                                          `f.yaml:5:17: keep_alive: 20h0m0s is more than MQTT can say`,
		group("    drop: {for: 3s}"):                                          `f.yaml:5:11: every: links have to be dropped every so often`,
		group("    will: {topic: x, payload: '{{.N}}'}"):                      `f.yaml:5:31: payload: {{.N}} is for messages, and a will is none of them`,
		group("  - name: a"):                                                  `f.yaml:5:11: there are two groups with the name "a"`,
		group("    client_id: c%i\n  - {name: b, client_id: 'c{{.Client}}'}"): `f.yaml:6:26: client_id: clients of the groups a and b have the same`,
		group("phases: []\nlatency: rtt"):                                     `f.yaml:6:10: latency: "rtt" is not measured here; there are connect`,
		group("warmup: 10s"):                                                  `f.yaml:5:9: warmup: 10s is as long as the whole load`,
		group("phases: {duration: 1s}"):                                       `f.yaml:1:11: there is a duration for the whole and there are phases`,
		"groups: {name: a}\nphases: {duration: 1s, groups: [b]}":              `f.yaml:2:32: groups: there is no group "b"; there are a`,
		"groups: {name: a}\nphases: [{}, {duration: 1s}]":                     `f.yaml:2:10: duration: only the last phase can end with the messages`,
		"groups: {name: a}\nphases: {duration: 1s, rate: 1, from: 0}":         `f.yaml:2:30: rate is for a phase that stays the same`,
		"groups: {name: a}\nphases: {duration: 1s, drops: true}":              `f.yaml:2:31: drops: no group says how links are dropped`,
		"groups: {name: a, publish: {topic: x}}":                              `f.yaml:1:1: duration: without one, each group that publishes needs a count`,
		"groups: {name: a, publish: {topic: x, count: 1}}\nphases: {from: 0}": `f.yaml:2:9: duration: a ramp needs one`,
		"groups: {name: a/b}\nduration: 1s":                                   `f.yaml:1:16: the name of a group cannot hold /`,
		"groups: {clients: 3}\nduration: 1s":                                  `f.yaml:1:9: the group has no name`,
		"duration: 1s":                                                        `f.yaml:1:1: there are no groups of clients`,
	} {
		_, err := scenario.Parse("f.yaml", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add("duration: 10s\ngroups:\n  name: load\n  publish: {topic: a}\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := scenario.Parse("x", []byte(text))
		if err != nil {
			return
		}
		if err := s.Check(); err != nil {
			t.Errorf("Parse accepts what Check refuses: %v", err)
		}
		s.Parameters()
		_ = s.CanVerify()
	})
}
