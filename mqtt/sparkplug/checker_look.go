package sparkplug

import (
	"fmt"
	"strings"

	"dunlin/internal/sparkplugb"
	"dunlin/mqtt"
)

// look is the look at one message.
type look struct {
	c      *Checker
	m      *mqtt.Received
	topic  Topic
	breaks []Break
}

// must notes that a rule is broken.
func (l *look) must(rule, format string, args ...any) {
	l.breaks = append(l.breaks, Break{Rule: "tck-id-" + rule, Topic: l.m.Topic, What: fmt.Sprintf(format, args...), Time: l.c.cfg.Now()})
}

// should notes that a recommendation is not followed.
func (l *look) should(rule, format string, args ...any) {
	l.must(rule, format, args...)
	l.breaks[len(l.breaks)-1].Should = true
}

// badTopic says which rule a topic breaks.
func (l *look) badTopic(err error) {
	levels := strings.Split(l.m.Topic, "/")
	rule := "topic-structure"
	if len(levels) > 2 {
		device, known := MessageType(levels[2]).ofDevice()
		switch {
		case known && device && len(levels) == 4:
			rule = "topic-structure-namespace-device-id-associated-message-types"
		case known && !device && len(levels) == 5:
			rule = "topic-structure-namespace-device-id-non-associated-message-types"
		}
	}
	l.must(rule, "%v", err)
}

// message looks at a message whose topic is good.
func (l *look) message() {
	if l.topic.Type == STATE {
		l.state()
		return
	}
	l.identifiers()
	l.delivery()
	raw, err := sparkplugb.Unmarshal(l.m.Payload)
	if err != nil {
		rule := "message-flow-edge-node-birth-publish-nbirth-payload"
		if l.topic.Device != "" {
			rule = "message-flow-device-birth-publish-dbirth-payload"
		}
		l.must(rule, "the payload %v", verb(err))
		return
	}
	l.stamp(raw)
	for i := range raw.Metrics {
		l.metric(&raw.Metrics[i])
	}
	id := l.topic.node()
	switch l.topic.Type {
	case NBIRTH:
		l.nodeBirth(raw)
	case NDEATH:
		l.nodeDeath(raw)
	case NCMD, DCMD:
		l.command(raw, l.c.nodes[id])
	default:
		l.inSession(raw, l.c.nodes[id])
	}
}

// identifiers looks for identifiers that differ from one another in the size of letters alone.
func (l *look) identifiers() {
	for _, part := range []string{l.topic.Group, l.topic.Group + "/" + l.topic.Node, l.topic.ID.String()} {
		small := strings.ToLower(part)
		seen, ok := l.c.lower[small]
		if !ok {
			if l.c.size < l.c.cfg.MaxMetrics {
				l.c.lower[small] = part
				l.c.size++
			}
		} else if seen != part {
			l.should("case-sensitivity-sparkplug-ids", "%q and %q differ in the size of letters alone", part, seen)
		}
	}
}

// delivery looks at QoS and retain flag. A will, and the death that a node publishes, are of QoS 1.
func (l *look) delivery() {
	kind := strings.ToLower(string(l.topic.Type))
	want := mqtt.AtMostOnce
	qosRule, retainRule := "payloads-"+kind+"-qos", "payloads-"+kind+"-retain"
	switch l.topic.Type {
	case NDEATH:
		want = mqtt.AtLeastOnce
		qosRule, retainRule = "payloads-ndeath-will-message-qos", "payloads-ndeath-will-message-retain"
	case DDEATH:
		qosRule, retainRule = "topics-ddeath-mqtt", "topics-ddeath-mqtt"
	}
	if l.m.QoS != want {
		l.must(qosRule, "it is of QoS %d, not %d", l.m.QoS, want)
	}
	if l.m.Retain {
		l.must(retainRule, "it is retained")
	}
}

// stamp looks for the timestamp, which all but NDEATH need, and the sequence number.
func (l *look) stamp(raw *sparkplugb.Payload) {
	kind := strings.ToLower(string(l.topic.Type))
	if l.topic.Type != NDEATH && !raw.Timestamp.Has {
		l.must("payloads-"+kind+"-timestamp", "the payload has no timestamp")
	}
	if raw.Timestamp.V > maxMilliseconds {
		l.must("payloads-timestamp-in-UTC", "the timestamp %d is no time in milliseconds", raw.Timestamp.V)
	}
	switch l.topic.Type {
	case NDEATH, NCMD, DCMD:
		if raw.Seq.Has {
			l.must("payloads-"+kind+"-seq", "it has the sequence number %d, and none belongs here", raw.Seq.V)
		}
	default:
		if !raw.Seq.Has {
			l.must("payloads-sequence-num-always-included", "it has no sequence number")
		} else if raw.Seq.V > 255 {
			l.must("payloads-sequence-num-incrementing", "the sequence number is %d", raw.Seq.V)
		}
	}
}

// inBirth reports whether the message is a birth.
func (l *look) inBirth() bool { return l.topic.Type == NBIRTH || l.topic.Type == DBIRTH }

// ofHost reports whether the message is a command.
func (l *look) ofHost() bool { return l.topic.Type == NCMD || l.topic.Type == DCMD }

// state looks at what a host says of itself.
func (l *look) state() {
	state, err := UnmarshalHostState(l.m.Payload)
	if err != nil {
		l.must("host-topic-phid-birth-payload", "%v", err)
		return
	}
	which := "birth"
	if !state.Online {
		which = "death"
	}
	if l.m.QoS != mqtt.AtLeastOnce {
		l.must("host-topic-phid-"+which+"-qos", "it is of QoS %d, not 1", l.m.QoS)
	}
	if l.retainSeen() && !l.m.Retain {
		l.must("host-topic-phid-"+which+"-retain", "it is not retained")
	}
}

// retainSeen reports whether the retain flag is as it was published.
func (l *look) retainSeen() bool {
	return l.c.client != nil && l.c.client.ConnAck().Version == mqtt.V5
}
