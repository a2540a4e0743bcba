package mqtt

import (
	"cmp"
	"math"
	"strings"
	"time"

	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

// ConnAck is the server's answer to an accepted CONNECT: what is in force on the
// connection. Before MQTT 5 the limits are those of the protocol.
type ConnAck struct {
	// Version of the protocol that the server agreed to.
	Version Version
	// SessionPresent: the server goes on with an earlier session of this client.
	SessionPresent bool
	// ClientID in force: the one sent, or the one that an MQTT 5 server assigned.
	ClientID string
	// KeepAlive in force; 0: none.
	KeepAlive time.Duration
	// SessionExpiry in force, MQTT 5 only; NeverExpires: the session is kept.
	SessionExpiry time.Duration

	// What the server takes. The client refuses what exceeds it, unsent.
	ReceiveMaximum          int // QoS 1 and 2 publishes in flight
	MaximumPacketSize       int // bytes, header included
	MaximumQoS              QoS
	TopicAliasMaximum       int // aliases are given automatically
	RetainAvailable         bool
	WildcardSubscriptions   bool
	SharedSubscriptions     bool
	SubscriptionIdentifiers bool

	// ResponseInformation is what the server proposes for response topics, when
	// it was asked.
	ResponseInformation string
	// ReasonString and UserProperties are the server's own words, MQTT 5 only.
	ReasonString   string
	UserProperties []UserProperty
}

// NeverExpires is the session expiry of a session that the server keeps for
// ever, and of one that the client asks it to keep.
const NeverExpires = math.MaxUint32 * time.Second

// handleConnAck ends the handshake [MQTT-3.2.0-1].
func (c *Client) handleConnAck(p *wire.ConnAck, now time.Time) error {
	if p.Code != wire.Success {
		return &ConnectError{
			Server: c.conn.remote, Version: c.cfg.Version, Code: ReasonCode(p.Code),
			ReasonString: text(p.Properties, wire.ReasonString), Reference: text(p.Properties, wire.ServerReference),
			UserProperties: readUser(p.Properties),
		}
	}
	conn := c.conn
	if p.SessionPresent && conn.clean { // [MQTT-3.2.2-1] of 3.1.1, [MQTT-3.2.2-4] of 5
		return protocolError(wire.CONNACK, "a session is present though a clean one was asked for")
	}
	if err := c.checkAuthMethod(wire.CONNACK, p.Properties); err != nil {
		return err
	}
	conn.connAck = readConnAck(p, c.cfg)
	if err := c.adoptID(p.Properties); err != nil {
		return err
	}
	if conn.auth != nil {
		conn.auth.data = binaryOf(p.Properties, wire.AuthenticationData)
	}
	conn.pingTimeout = cmp.Or(c.cfg.Limits.PingTimeout, max(conn.connAck.KeepAlive/2, time.Second))
	c.agreeLocked()
	c.sess.Start(now, session.Server{
		ReceiveMaximum: conn.connAck.ReceiveMaximum, AliasMaximum: conn.connAck.TopicAliasMaximum,
		PacketMaximum: conn.connAck.MaximumPacketSize, KeepAlive: conn.connAck.KeepAlive, PingTimeout: conn.pingTimeout,
	})
	c.kickLocked() // to note when the first ping is due
	c.acceptedLocked(now)
	c.tellOfConnectionLocked()
	if c.lasting() {
		c.resumeLocked(p.SessionPresent, now)
	}
	return nil
}

// acceptedLocked tells everybody who waits for it that the server has accepted the session.
func (c *Client) acceptedLocked(now time.Time) {
	c.life.Accept(now)
	c.conn.accepted = true
	c.conn.answered.give()
	if c.awaited != nil {
		close(c.awaited)
		c.awaited = nil
	}
}

// adoptID takes the Assigned Client Identifier of an MQTT 5 server, which must
// come when and only when none was sent [MQTT-3.2.2-16].
func (c *Client) adoptID(p wire.Properties) error {
	id, ok := p.Text(wire.AssignedClientIdentifier)
	switch {
	case ok && c.cfg.ClientID != "":
		return protocolError(wire.CONNACK, "assigns a client identifier though one was sent")
	case ok:
		c.conn.connAck.ClientID = strings.Clone(id)
	case c.cfg.ClientID == "" && c.cfg.Version == V5:
		return protocolError(wire.CONNACK, "assigns no client identifier though none was sent")
	}
	return nil
}

// readConnAck fills in what the server left to the defaults of the standard.
func readConnAck(p *wire.ConnAck, cfg *Config) ConnAck {
	w := p.Properties
	number := func(id wire.PropertyID, byDefault int) int {
		if v, ok := w.Uint(id); ok {
			return int(min(v, math.MaxInt32)) // the int of a 32-bit build holds no more
		}
		return byDefault
	}
	seconds := func(id wire.PropertyID, byDefault time.Duration) time.Duration {
		if v, ok := w.Uint(id); ok { // also 0, also when none was asked for [MQTT-3.1.2-21] of 5
			return time.Duration(v) * time.Second
		}
		return byDefault
	}
	maximumQoS := QoS(number(wire.MaximumQoS, 2))
	if cfg.Limits.InFlightQoS2 < 0 {
		maximumQoS = min(maximumQoS, AtLeastOnce)
	}
	return ConnAck{
		Version:                 cfg.Version,
		SessionPresent:          p.SessionPresent,
		ClientID:                cfg.ClientID,
		KeepAlive:               seconds(wire.ServerKeepAlive, cfg.KeepAlive),
		SessionExpiry:           seconds(wire.SessionExpiryInterval, cfg.Properties.SessionExpiry),
		ReceiveMaximum:          number(wire.ReceiveMaximum, 65535),
		MaximumPacketSize:       min(number(wire.MaximumPacketSize, maxPacketSize), maxPacketSize),
		MaximumQoS:              maximumQoS,
		TopicAliasMaximum:       number(wire.TopicAliasMaximum, 0),
		RetainAvailable:         number(wire.RetainAvailable, 1) == 1,
		WildcardSubscriptions:   number(wire.WildcardSubscriptionAvailable, 1) == 1,
		SharedSubscriptions:     number(wire.SharedSubscriptionAvailable, 1) == 1,
		SubscriptionIdentifiers: cfg.Version == V5 && number(wire.SubscriptionIdentifierAvailable, 1) == 1,
		ResponseInformation:     text(w, wire.ResponseInformation),
		ReasonString:            text(w, wire.ReasonString),
		UserProperties:          readUser(w),
	}
}

// maxPacketSize is the largest packet that MQTT has: the longest remaining
// length and its header.
const maxPacketSize = wire.MaxLength + 5

func protocolError(t wire.Type, what string) error {
	return &wire.Error{Code: wire.ProtocolError, Type: t, What: what}
}
