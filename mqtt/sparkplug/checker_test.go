package sparkplug_test

import (
	"slices"
	"strings"
	"testing"

	"dunlin/internal/sparkplugb"
	"dunlin/mqtt"
	"dunlin/mqtt/sparkplug"
)

// Shorthands for payloads as they are on the wire.
type (
	wireMetric  = sparkplugb.Metric
	wirePayload = sparkplugb.Payload
)

func some[T any](v T) sparkplugb.Opt[T] { return sparkplugb.Some(v) }

const wireTime = 1_700_000_000_000

func wireInt(name string, v uint64) wireMetric {
	return wireMetric{Name: some(name), Type: some(uint32(sparkplugb.Int32)), Timestamp: some(uint64(wireTime)), Value: sparkplugb.Value{Kind: sparkplugb.Int, Bits: v}}
}

// wireData is a metric as data has it.
func wireData(name string, v uint64) wireMetric {
	m := wireInt(name, v)
	m.Type = sparkplugb.Opt[uint32]{}
	return m
}

func wireOf(seq int, metrics ...wireMetric) *wirePayload {
	p := &wirePayload{Timestamp: some(uint64(wireTime)), Metrics: metrics}
	if seq >= 0 {
		p.Seq = some(uint64(seq))
	}
	return p
}

func wireNumber(v uint64) wireMetric {
	return wireMetric{Name: some("bdSeq"), Type: some(uint32(sparkplugb.Int64)), Timestamp: some(uint64(wireTime)), Value: sparkplugb.Value{Kind: sparkplugb.Long, Bits: v}}
}

func wireControl() wireMetric {
	return wireMetric{Name: some("Node Control/Rebirth"), Type: some(uint32(sparkplugb.Boolean)), Timestamp: some(uint64(wireTime)), Value: sparkplugb.Value{Kind: sparkplugb.Bool}}
}

// step is a message that a checker looks at.
type step struct {
	topic  string
	p      *wirePayload
	qos    mqtt.QoS
	retain bool
	raw    string // in place of p
}

func (s step) look(c *sparkplug.Checker) (rules []string) {
	payload := []byte(s.raw)
	if s.p != nil {
		payload = s.p.Append(nil)
	}
	for _, b := range c.Check(&mqtt.Received{Topic: "spBv1.0/" + s.topic, Payload: payload, QoS: s.qos, Retain: s.retain}) {
		rules = append(rules, strings.TrimPrefix(b.Rule, "tck-id-"))
	}
	return rules
}

// good is a session that keeps the rules.
func good() []step {
	return []step{
		{topic: "g/NBIRTH/n", p: wireOf(0, wireNumber(0), wireControl(), wireInt("a", 1))},
		{topic: "g/DBIRTH/n/d", p: wireOf(1, wireInt("b", 1))},
		{topic: "g/NDATA/n", p: wireOf(2, wireData("a", 2))},
		{topic: "g/DDATA/n/d", p: wireOf(3, wireData("b", 2))},
		{topic: "g/NCMD/n", p: wireOf(-1, wireData("a", 3))},
		{topic: "g/DCMD/n/d", p: wireOf(-1, wireData("b", 3))},
		{topic: "g/DDEATH/n/d", p: wireOf(4)},
		{topic: "g/NDEATH/n", qos: 1, p: &wirePayload{Metrics: []wireMetric{wireNumber(0)}}},
		{topic: "STATE/h", qos: 1, raw: `{"online":true,"timestamp":1}`},
	}
}

func TestACheckerFindsNoFaultWithAGoodSession(t *testing.T) {
	c := sparkplug.NewChecker(sparkplug.CheckerConfig{FromStart: true})
	for range 3 {
		for _, s := range good() {
			if rules := s.look(c); rules != nil {
				t.Errorf("%s breaks %v", s.topic, rules)
			}
		}
	}
	r := c.Report()
	if r.Must+r.Should != 0 || r.Nodes != 1 || r.Devices != 1 || r.Online != 0 || r.Births != 3 || r.Messages[sparkplug.STATE] != 3 {
		t.Errorf("%+v", r)
	}
}

// changed is a good session with another message in one place.
type changed struct {
	rules string // that the message breaks
	at    int
	with  func(s *step)
}

func payload(change func(p *wirePayload)) func(*step) { return func(s *step) { change(s.p) } }

func first(change func(m *wireMetric)) func(*step) {
	return func(s *step) { change(&s.p.Metrics[0]) }
}

func last(change func(m *wireMetric)) func(*step) {
	return func(s *step) { change(&s.p.Metrics[len(s.p.Metrics)-1]) }
}

func properties(p ...sparkplugb.PropertyValue) func(*step) {
	return last(func(m *wireMetric) {
		m.Properties = &sparkplugb.PropertySet{Keys: []string{"Quality"}, Values: p}
	})
}

func nested(t uint32, ref any) func(*step) {
	kind := sparkplugb.Table
	if t == sparkplugb.TemplateType {
		kind = sparkplugb.Nested
	}
	return last(func(m *wireMetric) { m.Type, m.Value = some(t), sparkplugb.Value{Kind: kind, Ref: ref} })
}

func TestACheckerFindsEachBreak(t *testing.T) {
	type (
		set   = sparkplugb.DataSet
		shape = sparkplugb.Template
		value = sparkplugb.PropertyValue
	)
	quality := func(t uint32, n uint64) value {
		return value{Type: some(t), Value: sparkplugb.Value{Kind: sparkplugb.Int, Bits: n}}
	}
	without := func(name string) func(*step) {
		return payload(func(p *wirePayload) {
			p.Metrics = slices.DeleteFunc(p.Metrics, func(m wireMetric) bool { return m.Name.V == name })
		})
	}
	noSeq := payload(func(p *wirePayload) { p.Seq.Has = false })
	noTime := payload(func(p *wirePayload) { p.Timestamp.Has = false })
	aSeq := payload(func(p *wirePayload) { p.Seq = some(uint64(9)) })
	qos1, retained := func(s *step) { s.qos = 1 }, func(s *step) { s.retain = true }
	for _, c := range []changed{
		{"payloads-nbirth-qos", 0, qos1},
		{"payloads-dbirth-qos", 1, qos1},
		{"payloads-ndata-qos", 2, qos1},
		{"payloads-ddata-qos", 3, qos1},
		{"payloads-ncmd-qos", 4, qos1},
		{"payloads-dcmd-qos", 5, qos1},
		{"topics-ddeath-mqtt", 6, qos1},
		{"payloads-ndeath-will-message-qos", 7, func(s *step) { s.qos = 0 }},
		{"host-topic-phid-birth-qos", 8, func(s *step) { s.qos = 0 }},
		{"host-topic-phid-death-qos", 8, func(s *step) { s.qos, s.raw = 0, `{"online":false,"timestamp":1}` }},
		{"host-topic-phid-birth-payload", 8, func(s *step) { s.raw = "ONLINE" }},
		{"payloads-nbirth-retain", 0, retained},
		{"payloads-dbirth-retain", 1, retained},
		{"payloads-ndata-retain", 2, retained},
		{"payloads-ddata-retain", 3, retained},
		{"payloads-ncmd-retain", 4, retained},
		{"payloads-dcmd-retain", 5, retained},
		{"topics-ddeath-mqtt", 6, retained},
		{"payloads-ndeath-will-message-retain", 7, retained},
		{"payloads-nbirth-timestamp", 0, noTime},
		{"payloads-dbirth-timestamp", 1, noTime},
		{"payloads-ndata-timestamp", 2, noTime},
		{"payloads-ddata-timestamp", 3, noTime},
		{"payloads-ncmd-timestamp", 4, noTime},
		{"payloads-dcmd-timestamp", 5, noTime},
		{"payloads-ddeath-timestamp", 6, noTime},
		{"payloads-timestamp-in-UTC", 2, payload(func(p *wirePayload) { p.Timestamp.V = 1 << 62 })},
		{"payloads-metric-timestamp-in-UTC", 2, first(func(m *wireMetric) { m.Timestamp.V = 1 << 62 })},
		{"payloads-sequence-num-always-included", 0, noSeq},
		{"payloads-sequence-num-always-included", 2, noSeq},
		{"payloads-sequence-num-zero-nbirth", 0, payload(func(p *wirePayload) { p.Seq.V = 1 })},
		{"payloads-sequence-num-incrementing topics-ndata-seq-num", 2, payload(func(p *wirePayload) { p.Seq.V = 256 })},
		{"topics-dbirth-seq", 1, aSeq},
		{"topics-ndata-seq-num", 2, aSeq},
		{"topics-ddata-seq-num", 3, aSeq},
		{"topics-ddeath-seq-num", 6, aSeq},
		{"payloads-ncmd-seq", 4, aSeq},
		{"payloads-dcmd-seq", 5, aSeq},
		{"payloads-ndeath-seq", 7, aSeq},
		{"topics-nbirth-bdseq-included", 0, without("bdSeq")},
		{"topics-nbirth-rebirth-metric", 0, without("Node Control/Rebirth")},
		{"message-flow-edge-node-birth-publish-nbirth-payload-bdSeq", 0, first(func(m *wireMetric) { m.Value.Bits = 256 })},
		{"message-flow-edge-node-birth-publish-will-message-payload-bdSeq", 7, first(func(m *wireMetric) { m.Type.V = sparkplugb.UInt64 })},
		{"topics-ndeath-payload", 7, payload(func(p *wirePayload) { p.Metrics = append(p.Metrics, wireInt("x", 1)) })},
		{"topics-nbirth-metrics operational-behavior-data-commands-rebirth-datatype", 0, func(s *step) { s.p.Metrics[1].Type.V = sparkplugb.Int8 }},
		{"operational-behavior-data-commands-rebirth-value", 0, func(s *step) { s.p.Metrics[1].Value.Bits = 1 }},
		{"operational-behavior-data-commands-rebirth-name-aliases payloads-alias-birth-requirement", 0, func(s *step) { s.p.Metrics[1].Alias = some(uint64(1)) }},
		{"payloads-alias-birth-requirement", 0, payload(func(p *wirePayload) {
			m := wireInt("c", 1)
			m.Alias = some(uint64(1))
			p.Metrics = append(p.Metrics, m)
		})},
		{"payloads-alias-birth-requirement", 1, first(func(m *wireMetric) { m.Name.Has, m.Name.V, m.Alias = false, "", some(uint64(3)) })},
		{"payloads-alias-uniqueness", 0, payload(func(p *wirePayload) {
			p.Metrics[2].Alias = some(uint64(1))
			p.Metrics = append(p.Metrics, wireInt("c", 1))
			p.Metrics[3].Alias = some(uint64(1))
		})},
		{"payloads-name-requirement payloads-alias-birth-requirement", 0, last(func(m *wireMetric) { m.Name.V = "" })},
		{"payloads-name-requirement", 1, last(func(m *wireMetric) { m.Name.V = "\xff" })},
		{"payloads-name-birth-data-requirement", 1, last(func(m *wireMetric) { m.Timestamp.Has = false })},
		{"payloads-metric-datatype-req", 1, last(func(m *wireMetric) { m.Type.Has = false })},
		{"payloads-metric-datatype-value", 1, last(func(m *wireMetric) { m.Type.V = 77 })},
		{"payloads-metric-datatype-not-req", 2, last(func(m *wireMetric) { m.Type = some(uint32(sparkplugb.Int32)) })},
		{"payloads-metric-datatype-not-req topics-nbirth-metrics", 2, last(func(m *wireMetric) { m.Type = some(uint32(sparkplugb.Int16)) })},
		{"operational-behavior-data-publish-nbirth-values", 0, last(func(m *wireMetric) { m.Value = sparkplugb.Value{} })},
		{"operational-behavior-data-publish-dbirth-values", 1, last(func(m *wireMetric) { m.Value = sparkplugb.Value{} })},
		{"topics-dbirth-metrics", 1, last(func(m *wireMetric) { m.Value.Kind = sparkplugb.Text })},
		{"topics-nbirth-metrics", 2, last(func(m *wireMetric) { m.Value.Kind = sparkplugb.Text })},
		{"topics-nbirth-metric-reqs", 2, last(func(m *wireMetric) { m.Name.V = "x" })},
		{"topics-dbirth-metric-reqs", 3, last(func(m *wireMetric) { m.Name.V = "x" })},
		{"operational-behavior-data-commands-ncmd-metric-name", 4, last(func(m *wireMetric) { m.Name.V = "x" })},
		{"operational-behavior-data-commands-dcmd-metric-name", 5, last(func(m *wireMetric) { m.Name.V = "x" })},
		{"operational-behavior-data-commands-ncmd-metric-value", 4, last(func(m *wireMetric) { m.Value.Kind = sparkplugb.Text })},
		{"operational-behavior-data-commands-dcmd-metric-value", 5, last(func(m *wireMetric) { m.Value.Kind = sparkplugb.Text })},
		{"operational-behavior-data-commands-ncmd-rebirth-value", 4, func(s *step) { s.p.Metrics[0] = wireControl(); s.p.Metrics[0].Type.Has = false }},
		{"topics-ncmd-payload", 4, payload(func(p *wirePayload) { p.Metrics = nil })},
		{"topics-dcmd-payload", 5, payload(func(p *wirePayload) { p.Metrics = nil })},
		{"operational-behavior-data-publish-nbirth-change", 2, payload(func(p *wirePayload) { p.Metrics = nil })},
		{"operational-behavior-data-publish-dbirth-change", 3, payload(func(p *wirePayload) { p.Metrics = nil })},
		{"operational-behavior-data-publish-nbirth-order", 2, payload(func(p *wirePayload) {
			p.Metrics = append(p.Metrics, wireData("a", 3))
			p.Metrics[0].Timestamp.V++
		})},
		{"operational-behavior-data-publish-dbirth-order", 3, payload(func(p *wirePayload) {
			p.Metrics = append(p.Metrics, wireData("b", 3))
			p.Metrics[0].Timestamp.V++
		})},
		{"case-sensitivity-metric-names", 1, payload(func(p *wirePayload) { p.Metrics = append(p.Metrics, wireInt("B", 1)) })},
		{"case-sensitivity-sparkplug-ids case-sensitivity-sparkplug-ids case-sensitivity-sparkplug-ids", 4, func(s *step) { s.topic = "G/NCMD/n" }},
		{"payloads-propertyset-keys-array-size", 1, properties()},
		{"payloads-metric-propertyvalue-type-value", 1, properties(quality(99, 0))},
		{"payloads-metric-propertyvalue-type-req", 1, properties(value{})},
		{"payloads-propertyset-quality-value-type", 1, properties(quality(sparkplugb.Int8, 0))},
		{"payloads-propertyset-quality-value-value", 1, properties(quality(sparkplugb.Int32, 1))},
		{"", 1, properties(quality(sparkplugb.Int32, 192))},
		{"payloads-dataset-parameter-type-req", 1, nested(sparkplugb.DataSetType, &set{Columns: []string{"a"}, Size: some(uint64(1))})},
		{"payloads-dataset-column-num-headers", 1, nested(sparkplugb.DataSetType, &set{Types: []uint32{1}})},
		{"payloads-dataset-column-size", 1, nested(sparkplugb.DataSetType, &set{Columns: []string{"a"}, Types: []uint32{1}})},
		{"payloads-dataset-types-value", 1, nested(sparkplugb.DataSetType, &set{Columns: []string{"a"}, Types: []uint32{99}, Size: some(uint64(1))})},
		{"payloads-template-dataset-value", 1, nested(sparkplugb.DataSetType, &set{Columns: []string{"a"}, Types: []uint32{1}, Size: some(uint64(1)), Rows: [][]sparkplugb.Value{{{Kind: sparkplugb.Text}}}})},
		{"", 0, nested(sparkplugb.TemplateType, &shape{Definition: some(true)})},
		{"payloads-template-is-definition payloads-template-definition-nbirth", 0, nested(sparkplugb.TemplateType, &shape{Ref: some("x")})},
		{"payloads-template-definition-ref", 0, nested(sparkplugb.TemplateType, &shape{Definition: some(true), Ref: some("x")})},
		{"payloads-template-definition-nbirth-only", 1, nested(sparkplugb.TemplateType, &shape{Definition: some(true)})},
		{"payloads-template-instance-ref", 1, nested(sparkplugb.TemplateType, &shape{Definition: some(false)})},
		{"payloads-template-definition-nbirth", 1, nested(sparkplugb.TemplateType, &shape{Definition: some(false), Ref: some("x")})},
		{"payloads-template-parameter-name-required", 0, nested(sparkplugb.TemplateType, &shape{Definition: some(true), Parameters: []sparkplugb.Parameter{{}}})},
		{"payloads-template-parameter-type-req", 0, nested(sparkplugb.TemplateType, &shape{Definition: some(true), Parameters: []sparkplugb.Parameter{{Name: some("p")}}})},
		{"payloads-template-parameter-type-value", 0, nested(sparkplugb.TemplateType, &shape{Definition: some(true), Parameters: []sparkplugb.Parameter{{Name: some("p"), Type: some(uint32(99))}}})},
		{"message-flow-edge-node-birth-publish-nbirth-payload", 0, func(s *step) { s.p, s.raw = nil, "\xff" }},
		{"message-flow-device-birth-publish-dbirth-payload", 1, func(s *step) { s.p, s.raw = nil, "\xff" }},
		{"topic-structure", 2, func(s *step) { s.topic = "g/XDATA/n" }},
		{"topic-structure-namespace-device-id-associated-message-types", 3, func(s *step) { s.topic = "g/DDATA/n" }},
		{"topic-structure-namespace-device-id-non-associated-message-types", 2, func(s *step) { s.topic = "g/NDATA/n/d" }},
		{"payloads-ddata-order", 3, func(s *step) { s.topic = "g/DDATA/n/e" }},
		{"operational-behavior-device-ddeath", 6, func(s *step) { s.topic = "g/DDEATH/n/e" }},
	} {
		checker := sparkplug.NewChecker(sparkplug.CheckerConfig{FromStart: true})
		steps := good()
		for _, s := range steps[:c.at] {
			s.look(checker)
		}
		s := steps[c.at]
		c.with(&s)
		if rules := strings.Join(s.look(checker), " "); rules != c.rules {
			t.Errorf("message %d, %s: it is said to break %q, and not %q", c.at, s.topic, rules, c.rules)
		}
	}
}

func TestACheckerKnowsWhoIsBorn(t *testing.T) {
	steps := good()
	checker := func(from bool) *sparkplug.Checker {
		return sparkplug.NewChecker(sparkplug.CheckerConfig{FromStart: from})
	}
	for at, rule := range map[int]string{1: "message-flow-device-birth-publish-nbirth-wait", 2: "payloads-ndata-order", 3: "payloads-ddata-order", 6: "principles-birth-certificates-order"} {
		if rules := steps[at].look(checker(true)); !slices.Equal(rules, []string{rule}) {
			t.Errorf("%s without a birth breaks %v", steps[at].topic, rules)
		}
		if rules := steps[at].look(checker(false)); rules != nil {
			t.Errorf("%s is said to break %v, though its birth may have been before", steps[at].topic, rules)
		}
		c := checker(false)
		for _, s := range []step{steps[0], steps[1], steps[7]} {
			s.look(c)
		}
		if rules := steps[at].look(c); !slices.Equal(rules, []string{rule}) {
			t.Errorf("%s after a death breaks %v", steps[at].topic, rules)
		}
	}
	late := step{topic: "g/NDEATH/n", qos: 1, p: &wirePayload{Metrics: []wireMetric{wireNumber(9)}}}
	c := checker(true)
	steps[0].look(c)
	steps[1].look(c)
	if rules := slices.Concat(late.look(c), steps[2].look(c)); rules != nil {
		t.Errorf("after the late death of another connection, data breaks %v", rules)
	}
}

// The number of a connection is one more than that of the last one, or 0 where the node was started anew; a birth that was asked
// for repeats it.
func TestACheckerFollowsTheNumbersOfConnections(t *testing.T) {
	birth := func(number uint64) step {
		return step{topic: "g/NBIRTH/n", p: wireOf(0, wireNumber(number), wireControl())}
	}
	death := func(number uint64) step {
		return step{topic: "g/NDEATH/n", qos: 1, p: &wirePayload{Metrics: []wireMetric{wireNumber(number)}}}
	}
	asked := wireControl()
	asked.Type.Has, asked.Value.Bits = false, 1
	request := step{topic: "g/NCMD/n", p: wireOf(-1, asked)}
	for name, c := range map[string]struct {
		rules string
		steps []step
	}{
		"one more":                  {"", []step{birth(5), death(5), birth(6)}},
		"after an attempt in vain":  {"", []step{birth(5), death(5), death(6), birth(7)}},
		"after the last number":     {"", []step{birth(255), death(255), birth(0)}},
		"started anew":              {"", []step{birth(0), death(0), birth(0)}},
		"the same again":            {"topics-nbirth-bdseq-increment", []step{birth(5), death(5), birth(5)}},
		"births that were asked":    {"", []step{birth(5), request, birth(5)}},
		"another one for a rebirth": {"operational-behavior-data-commands-rebirth-action-3", []step{birth(5), request, birth(6)}},
	} {
		checker, rules := sparkplug.NewChecker(sparkplug.CheckerConfig{FromStart: true}), []string(nil)
		for _, s := range c.steps {
			rules = append(rules, s.look(checker)...)
		}
		if got := strings.Join(rules, " "); got != c.rules {
			t.Errorf("%s: it is said to break %q, and not %q", name, got, c.rules)
		}
	}
}

func TestACheckerKnowsAliases(t *testing.T) {
	c := sparkplug.NewChecker(sparkplug.CheckerConfig{FromStart: true})
	steps := good()
	steps[0].p.Metrics[0].Alias, steps[0].p.Metrics[2].Alias = some(uint64(0)), some(uint64(1))
	steps[1].p.Metrics[0].Alias = some(uint64(2))
	byAlias := func(alias uint64) wireMetric {
		m := wireData("", 5)
		m.Name.Has, m.Alias = false, some(alias)
		return m
	}
	for i, s := range []struct {
		step
		rules string
	}{
		{steps[0], ""},
		{steps[1], ""},
		{step{topic: "g/NDATA/n", p: wireOf(2, byAlias(1))}, ""},
		{step{topic: "g/DDATA/n/d", p: wireOf(3, byAlias(2))}, ""},
		{step{topic: "g/DDATA/n/d", p: wireOf(4, byAlias(1))}, "topics-dbirth-metric-reqs"},
		{step{topic: "g/NDATA/n", p: wireOf(5, wireData("a", 2))}, "payloads-alias-data-cmd-requirement"},
		{step{topic: "g/NCMD/n", p: wireOf(-1, wireData("a", 2))}, "payloads-alias-data-cmd-requirement"},
		{step{topic: "g/DBIRTH/n/d", p: wireOf(6, steps[1].p.Metrics...)}, ""},
		{step{topic: "g/DBIRTH/n/e", p: wireOf(7, steps[1].p.Metrics...)}, "payloads-alias-uniqueness"},
	} {
		if rules := strings.Join(s.look(c), " "); rules != s.rules {
			t.Errorf("step %d breaks %q, and not %q", i, rules, s.rules)
		}
	}
}

// [tck-id-payloads-template-instance-members-data]
func TestACheckerComparesTemplates(t *testing.T) {
	c := sparkplug.NewChecker(sparkplug.CheckerConfig{FromStart: true})
	template := func(name string, shape *sparkplugb.Template) wireMetric {
		m := wireInt(name, 0)
		m.Type, m.Value = some(uint32(sparkplugb.TemplateType)), sparkplugb.Value{Kind: sparkplugb.Nested, Ref: shape}
		return m
	}
	instance := func(members ...wireMetric) wireMetric {
		return template("m1", &sparkplugb.Template{Definition: some(false), Ref: some("motor"), Metrics: members})
	}
	untyped := func(m wireMetric) wireMetric { m.Type.Has = false; return m }
	definition := template("motor", &sparkplugb.Template{Definition: some(true), Metrics: []wireMetric{wireInt("rpm", 0), wireInt("amps", 0)}})
	for i, s := range []struct {
		step
		rules string
	}{
		{step{topic: "g/NBIRTH/n", p: wireOf(0, wireNumber(0), wireControl(), definition, instance(wireInt("rpm", 1), wireInt("amps", 1)))}, ""},
		{step{topic: "g/NDATA/n", p: wireOf(1, untyped(instance(wireInt("rpm", 2))))}, ""},
		{step{topic: "g/NDATA/n", p: wireOf(2, untyped(instance(wireInt("volts", 2))))}, "payloads-template-instance-members"},
		{step{topic: "g/DBIRTH/n/d", p: wireOf(3, instance(wireInt("rpm", 2)))}, "payloads-template-instance-members-birth"},
	} {
		if rules := strings.Join(s.look(c), " "); rules != s.rules {
			t.Errorf("step %d breaks %q, and not %q", i, rules, s.rules)
		}
	}
}
