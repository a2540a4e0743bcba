package interop

import (
	"slices"
	"testing"

	"dunlin/mqtt"
)

// deviation is a case that a server does not pass, and why that is the server's
// doing. The suite fails when it is not seen any more.
type deviation struct {
	server   string
	also     string         // another server that does the same
	versions []mqtt.Version // nil: all that it speaks
	name     string         // of the case
	seen     string         // part of the failure; may be empty for sometimes
	reason   string         // what the server does, and what it should
	// sometimes: it depends on timing, so that the case may pass as well. It gets a
	// server of its own.
	sometimes bool
	says      string // what a user should know of it, unless the reason is enough
}

// before5 are the versions that tell a client no limits.
var before5 = []mqtt.Version{mqtt.V31, mqtt.V311}

const (
	mochiDeadlock  = "It deadlocks when a client acknowledges while another publishes to it: Inflight.NextImmediate takes its read lock twice, and a writer that waits in between stops both."
	mochiIDs       = "It keeps the packet identifiers of both sides in one table: a SUBSCRIBE with the identifier of a message that the client has not acknowledged is refused with 0x91, before MQTT 5 too, where that code does not exist."
	mochiOrder     = "It sorts what waits by the second in which it came, so messages of one second leave in any order [MQTT-4.6.0-6]."
	mochiWindow    = "It forgets the identifier of what it sends late, and does not count its acknowledgement: once a client's Receive Maximum was used up it sends hardly anything more. " + mochiOrder
	mochiAliases   = "It stores messages for a client that is away in the form with a topic alias and an empty topic, which means nothing on the next connection [MQTT-3.3.2-7]."
	mochiExpiry    = "It ends a session with expiry 0 a moment after its connection, so that one which comes at once finds it [MQTT-3.1.2-23]."
	mochiHandover  = "It copies what waits for a client to its next connection, and loses what is put to the old one after that, as well as a QoS 2 message whose PUBREC it could not write. " + mochiDeadlock
	mochiPuback    = "It copies the properties of a QoS 1 PUBLISH to its PUBACK, where most are not allowed, and ends it with what is no reason code; the client ends the connection with 0x82."
	aedesResend    = "It sends what waited in batches while it handles the acknowledgements of the first ones, and mixes up identifiers: messages change places, come again, or end the connection with \"no such packet\"."
	ackFirst       = "It acknowledges a publish before it has delivered it, so a subscription that is made after PUBACK may get the message as a live one."
	overlapQoS     = "It sends one copy at the QoS of one subscription that matches, not at the highest [MQTT-3.3.5-1]."
	rabbitTopics   = "It turns topics into AMQP's routing keys and back: a dot comes out as a slash, and * as +, which no topic may hold."
	rabbitRetained = "It looks for retained messages after SUBACK, so that one which is published meanwhile comes twice, as a retained and as a live one."
	quota          = "After an acknowledgement it sends up to three of the messages that wait, and so more than the client's Receive Maximum [MQTT-3.3.4-9]; the client ends the connection with 0x93."
)

var deviations = []deviation{
	{server: "mosquitto", versions: before5, name: "order of 1,000 messages at QoS 2, all in flight", seen: "client is closed", reason: "More than max_inflight_messages (20) unfinished QoS 2 publishes end the connection, a limit that MQTT 3.1.1 does not have. The client keeps to 20 unless Limits say otherwise."},
	{server: "mosquitto", versions: before5, name: "overlapping subscriptions", seen: "highest QoS: got 1, want 2", reason: overlapQoS},
	{server: "mosquitto", versions: []mqtt.Version{mqtt.V5}, name: "takeover is told", seen: "no DISCONNECT came: the server closed the connection", reason: "It closes the connection of the client that is replaced without DISCONNECT 0x8E [MQTT-3.1.4-3]."},
	{server: "mosquitto", versions: []mqtt.Version{mqtt.V5}, name: "receive maximum of the client", seen: "exceeds the Receive Maximum", reason: quota, says: "With MQTT 5, do not lower `Limits.ReceiveMaximum`: it sends more when more than that waits for a client, and the client ends the connection."},
	{server: "mosquitto", versions: []mqtt.Version{mqtt.V5}, name: "a backlog beyond the receive maximum", seen: "exceeds the Receive Maximum", reason: quota, sometimes: true},

	{server: "mochi", also: "dunlin broker", name: "order of 1,000 messages at QoS 1", reason: mochiDeadlock, sometimes: true, says: "QoS 1 and 2 at a high rate can hang it."},
	{server: "mochi", also: "dunlin broker", name: "order of 1,000 messages at QoS 2", reason: mochiDeadlock, sometimes: true},
	{server: "mochi", also: "dunlin broker", name: "order of 1,000 messages at QoS 2, all in flight", reason: mochiDeadlock, sometimes: true},
	{server: "mochi", also: "dunlin broker", name: "fifty clients", reason: mochiDeadlock, sometimes: true},
	{server: "mochi", also: "dunlin broker", versions: before5, name: "order in a persistent session", seen: "got [t=", reason: mochiOrder},
	{server: "mochi", also: "dunlin broker", name: "retained message", reason: ackFirst, sometimes: true},
	{server: "mochi", also: "dunlin broker", name: "retained message, replaced and cleared", reason: ackFirst, sometimes: true},
	{server: "mochi", also: "dunlin broker", name: "retained messages by wildcard", reason: ackFirst, sometimes: true},
	{server: "mochi", also: "dunlin broker", name: "retained message on subscribing again", reason: ackFirst, sometimes: true},
	{server: "mochi", also: "dunlin broker", name: "RetainedNever", seen: "=old/1", reason: ackFirst, sometimes: true},
	{server: "mochi", name: "keep alive of 1 s holds an idle connection", reason: "It computes one and a half of the keep alive in whole seconds: of 1 s it is 1 s [MQTT-3.1.2-22], and a ping in time is too late.", sometimes: true},
	{server: "mochi", also: "dunlin broker", versions: []mqtt.Version{mqtt.V5}, name: "order in a persistent session", reason: mochiOrder, sometimes: true},
	{server: "mochi", also: "dunlin broker", versions: []mqtt.Version{mqtt.V5}, name: "a backlog beyond the receive maximum", reason: mochiWindow, sometimes: true},
	{server: "mochi", also: "dunlin broker", versions: []mqtt.Version{mqtt.V5}, name: "receive maximum of the client", reason: mochiWindow, sometimes: true},
	{server: "mochi", versions: []mqtt.Version{mqtt.V5}, name: "properties of a will", seen: "payload format indicator: got false, want true", reason: "It keeps only the user properties of a will (MQTT 5 section 3.1.3.2)."},
	{server: "mochi", versions: []mqtt.Version{mqtt.V5}, name: "disconnect with will", seen: "got [], want [will=gone/1]", reason: "It reads no reason code from a DISCONNECT without a property length, and so publishes no will on 0x04."},

	{server: "mochi", versions: before5, name: "packet identifiers of both sides are apart", seen: "SUBACK: return code 0x91 is reserved", reason: mochiIDs},
	{server: "mochi", versions: []mqtt.Version{mqtt.V5}, name: "packet identifiers of both sides are apart", seen: "0x91 Packet Identifier in use", reason: mochiIDs},
	{server: "mochi", name: "slow handlers and links that break and swallow", reason: mochiHandover, sometimes: true, says: "When links break, messages of a kept session can be lost."},
	{server: "mochi", name: "publishing over links that break and swallow", reason: mochiHandover, sometimes: true},
	{server: "dunlin broker", name: "slow handlers and links that break and swallow", reason: mochiDeadlock, sometimes: true},
	{server: "dunlin broker", name: "publishing over links that break and swallow", reason: mochiDeadlock, sometimes: true},
	{server: "mochi", versions: []mqtt.Version{mqtt.V5}, name: "persistent session", reason: mochiAliases, sometimes: true, says: "With MQTT 5, a kept session needs `Limits.TopicAliases: -1`: what waits for it comes without its topic otherwise."},
	{server: "mochi", versions: []mqtt.Version{mqtt.V5}, name: "unacknowledged messages come again", seen: "topic alias is not known", reason: mochiAliases, sometimes: true},
	{server: "mochi", versions: []mqtt.Version{mqtt.V5}, name: "persistent session, ended by a clean one", seen: "session present after a clean one: got true", reason: mochiExpiry, sometimes: true, says: "With MQTT 5, a client that comes with KeepSession right after one without may find that one's session."},
	{server: "mochi", versions: []mqtt.Version{mqtt.V5}, name: "session expiry in DISCONNECT", seen: "session present: got true", reason: mochiExpiry, sometimes: true},
	{server: "mochi", versions: []mqtt.Version{mqtt.V5}, name: "message properties at QoS 1", seen: "reason code 0x01 is not defined here", reason: mochiPuback},
	{server: "mochi", versions: []mqtt.Version{mqtt.V5}, name: "order of user properties", seen: "reason code 0x01 is not defined here", reason: mochiPuback, says: "With MQTT 5, a QoS 1 message with user properties ends the publisher's connection."},
	{server: "mochi", versions: []mqtt.Version{mqtt.V5}, name: "properties of a retained message", seen: "reason code 0x01 is not defined here", reason: mochiPuback},

	{server: "nats", name: "topics with spaces", seen: "0x80", reason: "Its subjects cannot hold spaces; a filter with one is refused."},
	{server: "nats", name: "subscribing again changes the QoS", seen: "got [t=x/2], want [t=x/1]", reason: "It grants the lower QoS of a second SUBSCRIBE and goes on sending at the higher one [MQTT-3.8.4-3].", says: "Unsubscribe before subscribing at a lower QoS: otherwise the higher one stays in force."},

	{server: "rabbitmq", name: "UTF-8 topics", seen: "got [a/b=x/1], want [a.b=x/1]", reason: rabbitTopics},
	{server: "rabbitmq", name: "wildcards leave $ topics alone", seen: "a wildcard brought $dunlin/", reason: "A filter that begins with a wildcard gets topics that begin with $ [MQTT-4.7.2-1].", says: "The filter `#` gets topics that begin with `$`, too."},
	{server: "rabbitmq", name: "retained messages by wildcard", seen: "got [], want [w/a=x/1/retain", reason: "It sends retained messages only for a filter that is the very topic [MQTT-3.3.1-6].", says: "Subscribe to the very topics whose retained messages are wanted: a filter with a wildcard gets none."},
	{server: "rabbitmq", name: "retained message", reason: rabbitRetained, sometimes: true},
	{server: "rabbitmq", name: "retained message, replaced and cleared", reason: rabbitRetained, sometimes: true},
	{server: "rabbitmq", name: "subscribing again changes the QoS", seen: "got [t=x/0, t=x/1], want [t=x/1]", reason: "A second SUBSCRIBE at another QoS is another subscription beside the first, so that each message comes twice [MQTT-3.8.4-3].", says: "Unsubscribe before subscribing at another QoS: otherwise each message comes twice."},
	{server: "rabbitmq", name: "persistent session, ended by a clean one", seen: "the server closed the connection", reason: "While it clears up after a clean session it closes the connection of one with the same identifier that is to be kept, and the other way round, without CONNACK; a later attempt succeeds.", sometimes: true},

	{server: "aedes", also: "aedes 0.51", name: "unacknowledged messages come again", seen: "is marked as a duplicate: got false", reason: "It sends unacknowledged messages again without the DUP flag [MQTT-3.3.1-1]."},
	{server: "aedes", also: "aedes 0.51", name: "persistent session", reason: aedesResend, sometimes: true, says: "A kept session may bring messages in another order, and those of QoS 2 twice."},
	{server: "aedes", also: "aedes 0.51", name: "order in a persistent session", reason: aedesResend, sometimes: true},
	{server: "aedes", also: "aedes 0.51", name: "RetainedNever", seen: "=old/1", reason: ackFirst, sometimes: true, says: "A publish may be acknowledged before it is delivered."},
	{server: "aedes", also: "aedes 0.51", name: "slow handlers and links that break and swallow", seen: "QoS 2 message", reason: aedesResend, sometimes: true},
}

func (d *deviation) isOf(s *server) bool { return d.server == s.name || d.also == s.name }

func findDeviation(s *server, v mqtt.Version, name string) *deviation {
	for i := range deviations {
		d := &deviations[i]
		if d.isOf(s) && d.name == name && (d.versions == nil || slices.Contains(d.versions, v)) {
			return d
		}
	}
	return nil
}

// TestDeviationsAreAsked fails for an entry whose case is never run.
func TestDeviationsAreAsked(t *testing.T) {
	for i := range deviations {
		d := &deviations[i]
		for _, name := range d.servers() {
			if !d.asked(name) {
				t.Errorf("%s, %q: no such server, version or case", name, d.name)
			}
		}
		if d.seen == "" && !d.sometimes {
			t.Errorf("%s, %q: seen is empty", d.server, d.name)
		}
	}
}

// servers names the servers that the entry is for.
func (d *deviation) servers() []string {
	if d.also == "" {
		return []string{d.server}
	}
	return []string{d.server, d.also}
}

// asked tells whether the case is run on the server in each of the versions.
func (d *deviation) asked(name string) bool {
	i := slices.IndexFunc(servers, func(s server) bool { return s.name == name })
	if i < 0 {
		return false
	}
	s := &servers[i]
	return !slices.ContainsFunc(d.spoken(s), func(v mqtt.Version) bool {
		return !slices.Contains(s.versions, v) || !slices.ContainsFunc(cases, func(c testCase) bool {
			return c.name == d.name && c.runsOn(s, v)
		})
	})
}

// spoken returns the versions that the entry is for.
func (d *deviation) spoken(s *server) []mqtt.Version {
	if d.versions == nil {
		return s.versions
	}
	return d.versions
}
