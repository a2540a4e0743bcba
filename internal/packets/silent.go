package packets

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// soon is how long after a packet an end seems to be its consequence.
const soon = 2 * time.Second

// isShared tells a shared subscription.
func isShared(filter string) bool { return strings.HasPrefix(filter, "$share/") }

// hasWildcard tells a filter with wildcards.
func hasWildcard(filter string) bool { return strings.ContainsAny(filter, "+#") }

// onDemand: the proxy did it.
func (e *ending) onDemand() (protocol.End, bool) {
	if e.by != Proxy {
		return protocol.End{}, false
	}
	why := "The proxy ended the connection."
	if e.err != nil {
		why = "The proxy ended the connection: " + e.err.Error() + "."
	}
	return protocol.End{Who: Proxy.String(), Why: why, Hint: "Nothing is wrong with client and server: it was asked for here."}, true
}

// notMQTT: what came first is something else.
func (e *ending) notMQTT() (protocol.End, bool) {
	if e.foreign == 0 || e.connAck != 0 || e.foreignWhat == "" {
		return protocol.End{}, false
	}
	end := protocol.End{Of: some(e.foreign), Clause: e.clause("MQTT-3.1.0-1", "MQTT-3.1.0-1")}
	who, whose := Client, "client"
	if !e.foreignSent {
		who, whose = Server, "server"
		end.Clause = "MQTT-3.2.0-1"
	}
	end.Who = who.String()
	end.Why = fmt.Sprintf("The %s does not speak MQTT at this port: what came is %s.", whose, e.foreignWhat)
	switch {
	case strings.Contains(e.foreignWhat, "TLS") && who == Client:
		end.Hint = "Switch TLS off in the client, or have it connect to a port with TLS. The server's port for TLS is often 8883."
	case strings.Contains(e.foreignWhat, "TLS"):
		end.Hint = "The server wants TLS at this port: connect with mqtts."
	case strings.Contains(e.foreignWhat, "HTTP") && who == Client:
		end.Hint = "Have the client use MQTT over TCP, or connect to the server's port for WebSocket."
	case strings.Contains(e.foreignWhat, "HTTP"):
		end.Hint = "Use the server's port for MQTT, often 1883, or connect with ws."
	default:
		end.Hint = "Check the port, and what connects to it."
	}
	return end, true
}

// saidNothing: no packet came from the client.
func (e *ending) saidNothing() (protocol.End, bool) {
	if e.byClient.packets > 0 || e.opened == 0 {
		return protocol.End{}, false
	}
	end := protocol.End{
		Who: Client.String(), Why: "The client connected and sent nothing.", Clause: "MQTT-3.1.0-1", Of: some(e.opened),
		Hint: "A device that opens a connection sends CONNECT at once. A health check of a load balancer, or a port scan, looks like this, too.",
	}
	if e.by == Server {
		end.Why = "The client connected and sent nothing, so the server closed the connection."
	}
	return end, true
}

// brokeRules: a packet of the client broke the specification, or what the server had said.
func (e *ending) brokeRules() (protocol.End, bool) {
	b, ok := e.latestBreach(true)
	if !ok || e.by != Server && e.by != Unknown || e.at.Sub(b.at) > soon {
		return protocol.End{}, false
	}
	return protocol.End{
		Who: Client.String(), Why: fmt.Sprintf("The server closed the connection after the client broke the rules with packet %d: %s.", b.number, b.what),
		Hint: "Mend it in the client; the packet shows the place.", Clause: b.clause, Of: some(b.number),
	}, true
}

// serverBroke: a packet of the server broke the specification.
func (e *ending) serverBroke() (protocol.End, bool) {
	var refused *mqtt.PacketError
	isOurs := errors.As(e.err, &refused)
	b, ok := e.latestBreach(false)
	ok = ok && e.at.Sub(b.at) <= soon
	if !isOurs && (!ok || e.by != Client && e.by != Unknown) {
		return protocol.End{}, false
	}
	end := protocol.End{Who: Server.String(), Hint: "Look for who publishes it, or report it to whoever makes the server."}
	switch {
	case ok:
		end.Why = fmt.Sprintf("The client closed the connection after the server broke the rules with packet %d: %s.", b.number, b.what)
		end.Clause, end.Of = b.clause, some(b.number)
	default:
		end.Why = "The client closed the connection, for " + refused.Error() + "."
		end.Facts = []string{"the packet is not in the log: the client refused it at its first bytes"}
	}
	return end, true
}

// clientSilent: the client was silent for longer than its keep alive permits.
func (e *ending) clientSilent() (protocol.End, bool) {
	keep := e.keepAlive()
	silence := e.at.Sub(e.byClient.lastTime)
	// Servers wait for one and a half times the keep alive; those that count whole seconds, as Mosquitto does, up to half a second less.
	least := min(keep*5/4, keep*3/2-time.Second/2)
	if keep == 0 || e.connAck == 0 || e.by == Client || silence < least {
		return protocol.End{}, false
	}
	waits, hint := "the server waits for one and a half times as long", reasons[0x8D].hint
	if silence < keep*3/2 {
		waits, hint = "the server did not wait for one and a half times as long, as it should", hint+" A longer keep alive leaves room for a server that is in a hurry."
	}
	return protocol.End{
		Who: Client.String(), Why: fmt.Sprintf("The client sent nothing for %s, with a keep alive of %s: %s.", rounded(silence), rounded(keep), waits),
		Hint: hint, Clause: e.clause("MQTT-3.1.2-22", "MQTT-3.1.2-24"), Of: some(e.byClient.last),
	}, true
}

// serverSilent: the server did not answer a ping.
func (e *ending) serverSilent() (protocol.End, bool) {
	if e.pinged.IsZero() || e.by == Server && !errors.Is(e.err, mqtt.ErrKeepAlive) || e.at.Sub(e.pinged) < time.Second && !errors.Is(e.err, mqtt.ErrKeepAlive) {
		return protocol.End{}, false
	}
	return protocol.End{
		Who: Network.String(), Why: fmt.Sprintf("The server did not answer PINGREQ for %s, so the client gave the connection up.", rounded(e.at.Sub(e.pinged))),
		Hint:   "The way to the server is interrupted, or the server hangs. A gateway that forgets idle connections does this as well: a shorter keep alive prevents that.",
		Clause: e.clause("MQTT-3.12.4-1", "MQTT-3.12.4-1"), Of: some(e.pingNumber),
	}, true
}

// addTaker names the connection that took the identifier over.
func (e *ending) addTaker(end *protocol.End) {
	if e.taker == nil {
		return
	}
	end.Of = append(end.Of, e.taker.number)
	end.Facts = append(end.Facts, fmt.Sprintf("packet %d is the CONNECT of device %d with this identifier, %s before the end", e.taker.number, e.taker.device, rounded(e.at.Sub(e.taker.at))))
}

// takenOver: another connection has the client identifier now.
func (e *ending) takenOver() (protocol.End, bool) {
	if e.taker == nil || e.by == Client || e.at.Sub(e.taker.at) > soon {
		return protocol.End{}, false
	}
	end := protocol.End{
		Who: Client.String(), Why: fmt.Sprintf("Another connection came with the same client identifier %s, so the server closed this one.", quoted(e.asked.clientID)),
		Hint:   reasons[0x8E].hint + " Where it is the same device that came back, the server had not seen the old connection end.",
		Clause: e.clause("MQTT-3.1.4-3", "MQTT-3.1.4-2"), Of: some(e.connect),
	}
	e.addTaker(&end)
	return end, true
}

// withoutAnswer: CONNECT was sent, and no CONNACK came.
func (e *ending) withoutAnswer() (protocol.End, bool) {
	if e.connect == 0 || e.connAck != 0 {
		return protocol.End{}, false
	}
	end := protocol.End{Who: Server.String(), Clause: e.clause("3.2", "3.2"), Of: some(e.connect)}
	if e.by == Client || isTimeout(e.err) {
		end.Why = fmt.Sprintf("The server did not answer CONNECT within %s, so the client gave up.", rounded(e.at.Sub(e.byClient.lastTime)))
		end.Hint = "The server hangs, or the port belongs to something that is not MQTT, or to a proxy that cannot reach it."
		return end, true
	}
	end.Why = "The server closed the connection without an answer to CONNECT."
	end.Hint = "It may want TLS at this port, refuse the login or the identifier without a word, or not serve this version"
	switch e.version {
	case mqtt.V5:
		end.Hint += " (try 3.1.1)."
	case mqtt.V31:
		end.Hint += " (try 3.1.1: NATS 2.15 closes at 3.1)."
	default:
		end.Hint += "."
	}
	end.Hint += " RabbitMQ 3.10 does so while it clears up a session of the other kind, NATS 2.15 when an identifier is taken over again and again."
	return end, true
}

// afterRequest: the server closed the connection right after a request, in the place of an answer.
func (e *ending) afterRequest() (protocol.End, bool) {
	r := e.request
	last := r.number == e.byClient.last || !r.answered
	if r.number == 0 || !last || e.by == Client || e.by == Network || e.at.Sub(r.time) > soon || r.kind != typePublish && r.answered {
		return protocol.End{}, false
	}
	end := protocol.End{
		Who: Server.String(), Of: some(r.number), Clause: e.clause("4.13", "MQTT-4.8.0-1"),
		Why: fmt.Sprintf("The server closed the connection without a word, %s after %s (%s).", rounded(e.at.Sub(r.time)), r.what, count(r.size, "byte")),
	}
	end.Hint = "Some servers refuse like this what a user may not do: aedes does at a publish that it does not permit. NATS 2.15 closes at a message above its limit, Mosquitto 2.0.11 before MQTT 5 at a packet above max_packet_size. Check rights and size, and the server's log."
	if r.kind != typePublish {
		end.Hint = "Some servers refuse like this a filter that a user may not have, or that is too deep: aedes 1.2 closes at more than 100 levels. Check the filter, and the server's log."
	}
	return end, true
}

// network: TCP did not end in order.
func (e *ending) network() (protocol.End, bool) {
	partial, what := e.byClient.partial, "client"
	if partial == 0 {
		partial, what = e.byServer.partial, "server"
	}
	switch {
	case isTimeout(e.err):
		return protocol.End{
			Who: Network.String(), Why: "The network gave the connection up: what was sent was not confirmed in time.", Of: some(e.byClient.last),
			Hint: "The other side is switched off, out of reach, or behind a gateway that has forgotten the connection.",
		}, true
	case partial != 0:
		return protocol.End{
			Who: what, Why: fmt.Sprintf("The connection ended in the middle of a packet of the %s.", what), Of: some(partial),
			Hint: "The program ended, or lost its network, while it sent. Where it repeats with large messages, one of the sides does not take them.",
		}, true
	case isReset(e.err) && e.by != Client && e.by != Server:
		return protocol.End{
			Who: Unknown.String(), Why: "The connection was reset, without a word of MQTT.", Of: some(e.byClient.last, e.byServer.last),
			Hint: "A program that crashed or was killed does this, a firewall, or a load balancer with an idle limit: compare how long nothing was sent.",
		}, true
	}
	return protocol.End{}, false
}

// clientLeft: the client closed the connection without DISCONNECT.
func (e *ending) clientLeft() (protocol.End, bool) {
	if e.by != Client {
		return protocol.End{}, false
	}
	end := protocol.End{
		Who: Client.String(), Why: "The client closed the connection without DISCONNECT.", Of: some(e.byClient.last), Clause: e.clause("MQTT-3.1.2-8", "MQTT-3.1.2-8"),
		Hint: "Its program ended, or ended the connection in a hurry.",
	}
	if isReset(e.err) {
		end.Why = "The client reset the connection, without DISCONNECT."
		end.Hint = "Its program crashed or was restarted, or its network stack gave up."
	}
	if e.asked.will {
		end.Hint += " The server publishes the will."
	}
	return end, true
}

// serverLeft: the server closed a healthy connection without a word.
func (e *ending) serverLeft() (protocol.End, bool) {
	if e.by != Server {
		return protocol.End{}, false
	}
	end := protocol.End{Who: Server.String(), Why: "The server closed the connection without a word.", Of: some(e.byServer.last, e.byClient.last)}
	end.Hint = "Most often another client has connected with the same client identifier, or the server was stopped. "
	switch e.version {
	case mqtt.V5:
		end.Hint += "Mosquitto 2.0 sends no DISCONNECT at a take-over; 2.1 does."
	default:
		end.Hint += "Before MQTT 5 a server has no way to say why: its log may."
	}
	if isReset(e.err) {
		end.Why = "The server reset the connection, without a word."
	}
	return end, true
}
