package packets

import (
	"fmt"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// reason says what a reason code of MQTT 5 means for who looks for the cause.
type reason struct {
	who  Side
	why  string
	hint string
}

// reasons are for CONNACK and for DISCONNECT of a server. In why, %s is the client identifier.
var reasons = map[byte]reason{
	0x80: {Server, "The server gave no reason.", "The server's log says more."},
	0x81: {Client, "The server could not read a packet of the client.", "Look at the client's last packets: what this log finds wrong is marked. A length that does not fit is the usual cause."},
	0x82: {Client, "The client sent what is not allowed, or not at that time.", "Look at the client's last packets: what this log finds wrong is marked."},
	0x83: {Server, "The server does not take what the client sent, though it is valid.", "The server's documentation says what it does otherwise; its log names the packet."},
	0x84: {Client, "The server does not speak the client's version of MQTT.", "Use MQTT 3.1.1, which nearly every server speaks."},
	0x85: {Client, "The server does not take the client identifier %s.", "1 to 23 letters and digits are taken everywhere; an empty one lets the server choose."},
	0x86: {Client, "The server does not take user name or password.", "Check both, and which users the server knows."},
	0x87: {Client, "The server does not permit it.", "Check user name and password, and what the server's access control list gives this user: the client's last packets say what it asked for."},
	0x88: {Server, "The server does not serve MQTT now.", "Try again later; the server's log says why."},
	0x89: {Server, "The server has too much to do.", "Try again later, and at growing intervals."},
	0x8A: {Server, "The server has banned the client.", "Whoever looks after the server can lift it; the reason stands there."},
	0x8B: {Server, "The server was shut down.", "Connect again when it is back."},
	0x8C: {Client, "The server does not know the authentication method, or it is not the one of CONNECT.", "Use a method that the server has."},
	0x8D: {Client, "The server heard nothing from the client for one and a half times its keep alive.", "Send PINGREQ in time, whenever nothing else is sent for as long as the keep alive. A device that sleeps needs a longer one."},
	0x8E: {Client, "Another connection came with the same client identifier %s.", "Give each client an identifier of its own. Two that both reconnect end each other again and again."},
	0x8F: {Client, "The server does not take a topic filter.", "Look at the last SUBSCRIBE: the filter may be too deep, or of a kind that the server does not have."},
	0x90: {Client, "The server does not take a topic.", "Look at the topic of the last PUBLISH, or of the will."},
	0x93: {Client, "The client sent more messages of QoS 1 and 2 than the server takes before it acknowledges.", "Wait for acknowledgements: Receive Maximum in CONNACK says how many may be under way."},
	0x94: {Client, "The client used a topic alias that the server does not know, or does not take.", "Topic Alias Maximum in CONNACK is the greatest; an alias is set by a PUBLISH with a topic, anew on each connection."},
	0x95: {Client, "A packet of the client was larger than the server takes.", "Maximum Packet Size in CONNACK is the most; the server's settings may raise it."},
	0x96: {Client, "The client sends too fast.", "Send less in a second, or have the server's limit raised."},
	0x97: {Server, "A quota of the server is used up.", "The server's settings or its log name the quota."},
	0x98: {Server, "Somebody who looks after the server ended the connection.", "Ask there."},
	0x99: {Client, "The payload is not what its Payload Format Indicator says.", "Send UTF-8 with an indicator of 1, or leave the indicator out."},
	0x9A: {Client, "The server keeps no messages, and the client sent one to be kept.", "Do not set RETAIN; Retain Available in CONNACK says so."},
	0x9B: {Client, "The server does not have this QoS.", "Maximum QoS in CONNACK is the highest."},
	0x9C: {Server, "The server sends the client to another one, for now.", "Connect to the server that Server Reference names."},
	0x9D: {Server, "The server sends the client to another one, for good.", "Connect to the server that Server Reference names, from now on."},
	0x9E: {Client, "The server has no shared subscriptions.", "Subscribe without $share."},
	0x9F: {Client, "Connections come too fast.", "Wait longer between attempts, and longer each time."},
	0xA0: {Server, "The connection has lasted as long as the server lets it.", "Connect again."},
	0xA1: {Client, "The server has no Subscription Identifiers.", "Subscribe without one."},
	0xA2: {Client, "The server has no subscriptions with wildcards.", "Subscribe to whole topics."},
}

// returns are the return codes of CONNACK before MQTT 5.
var returns = [6]reason{
	1: {Client, "The server does not speak the client's version of MQTT.", "Use MQTT 3.1.1, which nearly every server speaks."},
	2: {Client, "The server does not take the client identifier %s.", "1 to 23 letters and digits are taken everywhere. An empty one needs a clean session. NATS 2.15 takes no dot, *, > or blank in it."},
	3: {Server, "The server does not serve MQTT now.", "Try again later; the server's log says why. mochi 2.7.9 says so where too many clients are connected."},
	4: {Client, "The server does not take user name or password.", "Check both, and which users the server knows."},
	5: {Client, "The server does not permit the client to connect.", "Check user name and password: Mosquitto says so where it wants them and none came."},
}

// unknownReason is for codes that the standard does not have.
var unknownReason = reason{Server, "The server gave a reason that MQTT does not have.", "The server's documentation may say what it means."}

// end returns the end that a reason makes.
func (e *ending) end(r reason, kind, code byte, said facts) protocol.End {
	why := r.why
	if r.why == reasons[0x85].why || r.why == reasons[0x8E].why {
		why = fmt.Sprintf(r.why, quoted(e.asked.clientID))
	}
	end := protocol.End{Who: r.who.String(), Why: fmt.Sprintf("%s It said %s.", why, codeText(kind, code, e.version == mqtt.V5)), Hint: r.hint}
	for _, id := range []byte{reasonString, serverReference} {
		if text := said.texts[id]; text != "" {
			end.Facts = append(end.Facts, propertyTable[id].name+": "+quoted(text))
		}
	}
	return end
}

// refusedSession: CONNACK says no.
func (e *ending) refusedSession() (protocol.End, bool) {
	code := e.granted.code
	if e.connAck == 0 || code == 0 {
		return protocol.End{}, false
	}
	r := unknownReason
	if e.version == mqtt.V5 {
		if known, ok := reasons[code]; ok {
			r = known
		}
	} else if int(code) < len(returns) {
		r = returns[code]
	}
	end := e.end(r, typeConnAck, code, e.granted)
	end.Clause, end.Of = e.clause("3.2.2.2", "3.2.2.3"), some(e.connect, e.connAck)
	return end, true
}

// serverGoodbye: the server sent DISCONNECT.
func (e *ending) serverGoodbye() (protocol.End, bool) {
	if e.goodbye == 0 || e.goodbyeSent {
		return protocol.End{}, false
	}
	if e.version != mqtt.V5 {
		return protocol.End{
			Who: Server.String(), Why: "The server sent DISCONNECT, which servers do not have before MQTT 5, so without a reason.",
			Hint:   "mochi 2.7.9 does so when another client connects with the same identifier, and when it is shut down. " + reasons[0x8E].hint,
			Clause: e.clause("", "3.14"), Of: some(e.goodbye),
		}, true
	}
	code := e.goodbyeFacts.code
	r, ok := reasons[code]
	if !ok {
		r = unknownReason
	}
	end := e.end(r, typeDisconnect, code, e.goodbyeFacts)
	end.Clause, end.Of = "3.14.2.1", some(e.goodbye)
	switch code {
	case 0x8D:
		end.Clause = "MQTT-3.1.2-22"
		end.Of = some(e.byClient.last, e.goodbye)
	case 0x8E:
		end.Clause = "MQTT-3.1.4-3"
		e.addTaker(&end)
	case 0x8B, 0x89, 0x98, 0xA0, 0x9C, 0x9D:
	default:
		e.addCulprit(&end)
	}
	return end, true
}

// addCulprit names the packet that the server seems to mean.
func (e *ending) addCulprit(end *protocol.End) {
	if b, ok := e.latestBreach(true); ok {
		end.Facts = append(end.Facts, fmt.Sprintf("packet %d of the client: %s", b.number, b.what))
		end.Of = append(end.Of, b.number)
		if b.clause != "" {
			end.Clause = b.clause
		}
		return
	}
	if e.request.number != 0 && !e.request.answered || e.request.number == e.byClient.last && e.request.number != 0 {
		end.Facts = append(end.Facts, fmt.Sprintf("the client's last request was %s", e.request.what))
		end.Of = append(end.Of, e.request.number)
		return
	}
	end.Of = append(end.Of, some(e.byClient.last)...)
}

// latestBreach returns the last rule that a side broke.
func (e *ending) latestBreach(sent bool) (latest breach, ok bool) {
	for _, b := range append(e.broken[:len(e.broken):len(e.broken)], e.faults...) {
		if b.sent == sent && b.number >= latest.number {
			latest, ok = b, true
		}
	}
	return latest, ok
}

// goodbyes are what a client's DISCONNECT may say of the server.
var goodbyes = map[byte]string{
	0x81: "The client could not read a packet of the server.",
	0x82: "The client says that the server sent what is not allowed, or not at that time.",
	0x93: "The server sent more messages of QoS 1 and 2 than the client takes before it acknowledges.",
	0x94: "The server used a topic alias that the client does not know, or does not take.",
	0x95: "A packet of the server was larger than the client takes.",
}

// clientGoodbye: the client sent DISCONNECT.
func (e *ending) clientGoodbye() (protocol.End, bool) {
	if e.goodbye == 0 || !e.goodbyeSent {
		return protocol.End{}, false
	}
	code := e.goodbyeFacts.code
	end := protocol.End{
		Who: Client.String(), Why: "The client ended the connection as it should, with DISCONNECT.", Hint: "Nothing is wrong. The server does not publish the will.",
		Clause: e.clause("3.14", "3.14"), Of: some(e.goodbye),
	}
	switch {
	case code == 0:
		return end, true
	case code == 0x04:
		end.Why, end.Hint = "The client ended the connection with DISCONNECT, and had its will published.", "Nothing is wrong."
		return end, true
	case goodbyes[code] == "":
		end.Why = fmt.Sprintf("The client ended the connection with %s.", codeText(typeDisconnect, code, true))
		end.Hint = "The client's log says more."
		return end, true
	}
	end.Who, end.Why = Server.String(), fmt.Sprintf("%s It said %s.", goodbyes[code], codeText(typeDisconnect, code, true))
	end.Hint = "Look at the server's last packets: what this log finds wrong is marked. If nothing is, the client is wrong."
	if b, ok := e.latestBreach(false); ok {
		end.Facts = append(end.Facts, fmt.Sprintf("packet %d of the server: %s", b.number, b.what))
		end.Of, end.Clause = append(end.Of, b.number), b.clause
	} else {
		end.Of = append(end.Of, some(e.byServer.last)...)
	}
	return end, true
}
