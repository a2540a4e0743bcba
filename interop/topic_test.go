package interop

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dunlin/mqtt"
)

var topicCases = []testCase{
	{name: "wildcards", body: wildcards},
	{name: "overlapping subscriptions", body: overlapping},
	{name: "handlers of overlapping subscriptions", body: overlappingHandlers},
	{name: "wildcards leave $ topics alone", body: dollarTopics},
	{name: "UTF-8 topics", body: utf8Topics},
	{name: "topics with spaces", body: spaceTopics},
	{name: "topics with empty levels", body: emptyLevels},
	{name: "long topic", body: longTopic},
	{name: "many filters in one SUBSCRIBE", body: manyFilters},
	{name: "subscribing again changes the QoS", body: subscribeAgain},
	{name: "packet identifiers of both sides are apart", body: packetIdentifiers},
	{name: "refused subscription", body: refusedSubscription, only: func(s *server) bool { return s.refuses }},
	{name: "unsubscribe", body: unsubscribe},
	{name: "unsubscribe from nothing", body: unsubscribeNothing},
}

func wildcards(r *rig) {
	from := r.dial()
	topics := []string{"a", "a/b", "a/b/c", "a/x/c", "b", "b/b", "a/b/c/d"}
	for filter, want := range map[string]string{
		"#":       "a a/b a/b/c a/x/c b b/b a/b/c/d",
		"+":       "a b",
		"a/#":     "a a/b a/b/c a/x/c a/b/c/d",
		"a/+":     "a/b",
		"a/+/c":   "a/b/c a/x/c",
		"+/b":     "a/b b/b",
		"+/+/c/#": "a/b/c a/x/c a/b/c/d",
		"a/b/c":   "a/b/c",
	} {
		to := r.dial()
		to.subscribe("w/"+filter, 1)
		for _, topic := range topics {
			from.publish("w/"+topic, "", 1)
		}
		var expected []string
		for topic := range strings.FieldsSeq(want) {
			expected = append(expected, "w/"+topic+"=/1")
		}
		got := to.collect(from, 1, len(expected))
		texts := make([]string, len(got))
		for i, m := range got {
			texts[i] = r.show(m)
		}
		slices.Sort(texts) // the order of topics is the server's choice
		slices.Sort(expected)
		same(r, "messages for "+filter, strings.Join(texts, " "), strings.Join(expected, " "))
		to.close()
	}
}

// overlapping: the server sends one message at the highest QoS, or one for each
// subscription that matches [MQTT-3.3.5-1].
func overlapping(r *rig) {
	p := r.dial()
	p.subscribe("o/#", 2)
	p.subscribe("o/+", 1)
	p.publish("o/x", "x", r.highest())
	got := p.collect(p, r.highest(), 1)
	best := mqtt.QoS(0)
	for _, m := range got {
		same(r, "topic", m.Topic, r.topic("o/x"))
		best = max(best, m.QoS)
	}
	if len(got) < 1 || len(got) > 2 {
		r.failf("got %d messages for two subscriptions", len(got))
	}
	same(r, "highest QoS", best, r.highest())
}

// overlappingHandlers: each handler has the message, whatever the server sends.
// With MQTT 5 each has it exactly once, by the subscription identifiers.
func overlappingHandlers(r *rig) {
	calls := overlappingCalls(r)
	if calls[0] < 1 || calls[1] < 1 {
		r.failf("calls of the handlers: %v", calls)
	}
	if r.version == mqtt.V5 && calls != [2]int{1, 1} {
		r.failf("calls of the handlers: %v, want one each", calls)
	}
}

func overlappingCalls(r *rig) (calls [2]int) {
	p := r.dial()
	for i, filter := range []string{"o/#", "o/+"} {
		p.subscribeWith(mqtt.Subscription{Filter: r.topic(filter), QoS: 1, Handler: func(context.Context, *mqtt.Received) { calls[i]++ }})
	}
	p.publish("o/x", "x", 1)
	p.until(p, 1) // handlers run in order: those of o/x have run
	return calls
}

// dollarTopics: a filter that begins with a wildcard does not match topics that
// begin with $ [MQTT-4.7.2-1].
func dollarTopics(r *rig) {
	p, named := r.dial(), r.dial()
	topic := "$dunlin/" + r.corner
	p.subscribeWith(mqtt.Subscription{Filter: "#", QoS: 1}, mqtt.Subscription{Filter: "+/" + r.corner, QoS: 1})
	named.subscribeWith(mqtt.Subscription{Filter: "$dunlin/#", QoS: 1})
	p.send(mqtt.Message{Topic: topic, Payload: []byte("x"), QoS: 1})
	for _, m := range p.until(p, 1) { // # brings what other cases publish too
		if strings.HasPrefix(m.Topic, "$") {
			r.failf("a wildcard brought %s", m.Topic)
		}
	}
	var got []string
	for _, m := range named.collect(p, 1, 1) {
		if m.Topic == topic { // not that of another version
			got = append(got, m.Topic)
		}
	}
	same(r, "by its name", strings.Join(got, " "), topic)
}

func utf8Topics(r *rig) {
	echo(r, "grün", "温度/室内", "🌡/°C", "\U0002A6D4", "\uFEFFx", "e\u0301", "a.b", "a*b", "a>b", "~x", `"quoted"\`)
}

func spaceTopics(r *rig) { echo(r, "a b", " ", "x/ /y") }

func emptyLevels(r *rig) { echo(r, "", "/", "//x", "x//") }

func longTopic(r *rig) {
	echo(r, strings.Repeat("abcdefgh", 100), "d"+strings.Repeat("/d", 50))
}

// echo publishes to each topic and waits for the message.
func echo(r *rig, names ...string) {
	p := r.dial()
	for _, name := range names {
		p.subscribe(name, 1)
		p.publish(name, "x", 1)
		p.expect(p, 1, name+"=x/1")
	}
}

func manyFilters(r *rig) {
	const filters = 100
	from, to := r.dial(), r.dial()
	subs := make([]mqtt.Subscription, filters)
	for i := range subs {
		subs[i] = mqtt.Subscription{Filter: r.topic(fmt.Sprint("m/", i)), QoS: r.level(i)}
	}
	d, err := to.SubscribeAsync(context.Background(), subs, nil)
	r.must("subscribe", err)
	r.must("subscribe", d.Wait(r.ctx))
	for i, code := range d.Answer().Codes {
		same(r, fmt.Sprintf("granted to filter %d", i), code, mqtt.ReasonCode(r.level(i)))
	}
	for _, i := range []int{0, 1, 50, 99} {
		from.publish(fmt.Sprint("m/", i), "x", r.highest())
		same(r, "message", r.show(to.next()), fmt.Sprintf("m/%d=x/%d", i, r.level(i)))
	}
}

func subscribeAgain(r *rig) {
	p := r.dial()
	for _, qos := range []mqtt.QoS{0, r.highest(), 1} {
		p.subscribe("t", qos)
		p.publish("t", "x", r.highest())
		p.expect(p, qos, fmt.Sprintf("t=x/%d", qos))
	}
}

// packetIdentifiers: client and server choose theirs independently (section 2.3.1
// of 3.1.1, 2.2.1 of 5). While the server waits for acknowledgements of its
// messages, the client's requests have the same identifiers.
func packetIdentifiers(r *rig) {
	from := r.dial()
	p := r.dial(func(cfg *mqtt.Config) { cfg.ManualAck = true })
	p.subscribe("t", 1)
	const messages = 8
	var held []*mqtt.Received
	for range messages {
		from.publish("t", "x", 1)
		held = append(held, p.next())
	}
	for i := range 2 * messages {
		p.subscribe(fmt.Sprint("s/", i), 0)
		p.publish("nobody", "x", min(mqtt.QoS(1+i%2), r.highest()))
		r.must("unsubscribe", p.Unsubscribe(r.ctx, r.topic(fmt.Sprint("s/", i))))
	}
	for _, m := range held {
		r.must("acknowledge", m.Ack())
	}
}

// refusedSubscription: one refused filter leaves the other in force.
func refusedSubscription(r *rig) {
	p := r.dial()
	_, err := p.Subscribe(r.ctx,
		mqtt.Subscription{Filter: "denied/x", QoS: 1},
		mqtt.Subscription{Filter: r.topic("t"), QoS: 1})
	want := mqtt.ReasonCode(0x80)
	if r.version == mqtt.V5 {
		want = 0x87
	}
	same(r, "reason code", r.refusal("subscribe", err), want)
	p.publish("t", "x", 1)
	p.expect(p, 1, "t=x/1")
}

func unsubscribe(r *rig) {
	from, to := r.dial(), r.dial()
	to.subscribe("a", 1)
	to.subscribe("b", 1)
	to.subscribe("c", 1)
	r.must("unsubscribe", to.Unsubscribe(r.ctx, r.topic("a"), r.topic("c")))
	for _, name := range []string{"a", "b", "c"} {
		from.publish(name, "x", 1)
	}
	to.expect(from, 1, "b=x/1")
}

func unsubscribeNothing(r *rig) {
	p := r.dial()
	d, err := p.UnsubscribeAsync(context.Background(), []string{r.topic("nothing")}, nil)
	r.must("unsubscribe", err)
	r.must("unsubscribe", d.Wait(r.ctx))
	if r.version == mqtt.V5 {
		same(r, "codes", len(d.Answer().Codes), 1)
		same(r, "reason code", d.Answer().Codes[0], 0x11)
	}
}
