package record

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"
	"unicode/utf8"

	"dunlin/mqtt"
)

// Given is what a line of JSON says of a message: one that this command or mosquitto_sub -F %j has written, or a person.
// What is nil is not in the line.
type Given struct {
	Topic      *string
	QoS        *mqtt.QoS
	Retain     *bool
	Payload    *[]byte
	Properties *mqtt.Properties

	// Value says that the payload was a value of JSON other than a string, which stands in Payload without spaces.
	Value bool

	tst, encoding, base64 string
	length                *uint64
}

// Parse reads a line. A key that nobody writes is an error, because what it was to say would be lost; so is one that
// stands there twice. The error is one line of bounded length.
func Parse(line []byte) (*Given, error) {
	if !utf8.Valid(line) {
		return nil, errors.New("it is not UTF-8; a binary payload is given as payload_base64")
	}
	if err := checkJSON(line); err != nil {
		return nil, err
	}
	g := &Given{}
	if err := members(line, g.set); err != nil {
		return nil, err
	}
	return g, g.check()
}

// set takes over a member of the object.
func (g *Given) set(key string, value []byte) (err error) {
	switch key {
	case "topic":
		g.Topic, err = text(key, value)
	case "qos":
		var n *uint64
		if n, err = number(key, value, uint64(mqtt.ExactlyOnce)); n != nil {
			q := mqtt.QoS(*n)
			g.QoS = &q
		}
	case "retain":
		g.Retain, err = retain(value)
	case "payload":
		err = g.setPayload(value)
	case "payload_base64":
		g.base64 = key
		return setOnce(&g.Payload, "payload", key, value)
	case "payloadlen":
		g.length, err = number(key, value, math.MaxInt32)
	case "properties":
		err = g.setProperties(value)
	case "tst":
		g.tst = string(value)
	case "encoding":
		g.encoding = string(value)
	case "mid", "dup", "value": // of one delivery, and what --decode made of the payload
	default:
		return unknown(key)
	}
	return err
}

// check finds what contradicts itself.
func (g *Given) check() error {
	want := `"utf-8"`
	if g.base64 != "" {
		want = `"base64"`
	}
	switch {
	case g.encoding != "" && g.encoding != want:
		return fmt.Errorf("encoding is %s: it goes with payload if it is utf-8, and with payload_base64 if it is base64", brief(g.encoding))
	case g.Payload != nil && !g.Value && g.length != nil && *g.length != uint64(len(*g.Payload)):
		return fmt.Errorf("payloadlen is %d, but the payload has %d bytes: some were lost on the way here", *g.length, len(*g.Payload))
	}
	return nil
}

// setPayload takes over the bytes of a string, and any other value as JSON.
func (g *Given) setPayload(value []byte) error {
	if g.Payload != nil {
		return both("payload")
	}
	payload := []byte{}
	switch {
	case value[0] == '"':
		s, err := text("payload", value)
		if err != nil {
			return err
		}
		payload = []byte(*s)
	case string(value) != "null":
		var compact bytes.Buffer
		if err := json.Compact(&compact, value); err != nil {
			return err
		}
		g.Value, payload = true, compact.Bytes()
	}
	g.Payload = &payload
	return nil
}

func (g *Given) setProperties(value []byte) error {
	if string(value) == "null" {
		return nil
	}
	p := properties5{to: &mqtt.Properties{}}
	if err := members(value, p.set); err != nil {
		return fmt.Errorf("properties: %w", err)
	}
	g.Properties = p.to
	return nil
}

// properties5 takes over the properties of MQTT 5.
type properties5 struct {
	to          *mqtt.Properties
	correlation *[]byte
}

// set takes over a property.
func (p *properties5) set(key string, value []byte) (err error) {
	var s *string
	var n *uint64
	switch key {
	case "payload-format-indicator":
		n, err = number(key, value, 1)
		p.to.PayloadIsText = n != nil && *n == 1
	case "message-expiry-interval":
		if n, err = number(key, value, math.MaxUint32); n != nil {
			expiry := time.Duration(*n) * time.Second
			p.to.MessageExpiry = &expiry
		}
	case "content-type":
		if s, err = text(key, value); s != nil {
			p.to.ContentType = *s
		}
	case "response-topic":
		if s, err = text(key, value); s != nil {
			p.to.ResponseTopic = *s
		}
	case "correlation-data":
		err = p.setCorrelation(value)
	case "correlation-data_base64":
		err = setOnce(&p.correlation, "correlation-data", key, value)
	case "user-properties":
		p.to.UserProperties, err = userProperties(value)
	case "subscription-identifier", "subscription-identifiers", "topic-alias": // of one delivery
	default:
		return unknown(key)
	}
	if p.correlation != nil {
		p.to.CorrelationData = *p.correlation
	}
	return err
}

func (p *properties5) setCorrelation(value []byte) error {
	s, err := text("correlation-data", value)
	if err != nil || s == nil {
		return err
	}
	if p.correlation != nil {
		return both("correlation-data")
	}
	data := []byte(*s)
	p.correlation = &data
	return nil
}

func unknown(key string) error {
	return fmt.Errorf("there is no key %q; the keys are those that sub --json writes", brief(key))
}

func both(key string) error {
	return fmt.Errorf("%s and %s_base64 are both there; give one of them", key, key)
}

// setOnce takes over bytes in base64, where they do not stand there as text, too.
func setOnce(to **[]byte, key, encoded string, value []byte) error {
	s, err := text(encoded, value)
	if err != nil || s == nil {
		return err
	}
	if *to != nil {
		return both(key)
	}
	data, err := base64.StdEncoding.DecodeString(*s)
	if err != nil {
		return fmt.Errorf("%s is not base64", encoded)
	}
	*to = &data
	return nil
}

// ErrExpired says that a message's time was over before now.
var ErrExpired = errors.New("the message has expired")

// Message returns the message as it is to be published now: of its expiry interval the time since it came is gone.
// Properties that say nothing are none. The error is ErrExpired where nothing is left of it.
func (g *Given) Message(now time.Time) (mqtt.Message, error) {
	var m mqtt.Message
	if g.Topic == nil || *g.Topic == "" {
		return m, errors.New("topic is missing")
	}
	if g.Value {
		return m, errors.New("payload is no string, and its bytes are not known")
	}
	came, err := g.Time()
	if err != nil {
		return m, err
	}
	if err := g.Change(&m); err != nil || m.Properties == nil || m.Properties.MessageExpiry == nil || came.IsZero() {
		return m, err
	}
	left := *m.Properties.MessageExpiry - max(now.Sub(came), 0).Truncate(time.Second)
	if left <= 0 {
		return m, ErrExpired
	}
	p := *m.Properties
	p.MessageExpiry = &left
	m.Properties = &p
	return m, nil
}

// Change puts what the line says into m, and leaves the rest of m as it is. The properties are in the place of all that m had.
func (g *Given) Change(m *mqtt.Message) error {
	if g.Payload == nil {
		return errors.New("there is no payload; an empty one is null")
	}
	m.Payload = *g.Payload
	if g.Topic != nil {
		m.Topic = *g.Topic
	}
	if g.QoS != nil {
		m.QoS = *g.QoS
	}
	if g.Retain != nil {
		m.Retain = *g.Retain
	}
	if g.Properties != nil {
		m.Properties = orNone(g.Properties)
	}
	return nil
}

// orNone returns nil for properties that say nothing, which need no MQTT 5.
func orNone(p *mqtt.Properties) *mqtt.Properties {
	if p == nil || reflect.ValueOf(*p).IsZero() {
		return nil
	}
	return p
}

// Time returns when the message came; zero: the line does not say it. Times are as RFC 3339 or a version of Mosquitto
// writes them.
func (g *Given) Time() (time.Time, error) {
	if g.tst == "" || g.tst == "null" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999Z-0700"} {
		if t, err := time.Parse(`"`+form+`"`, g.tst); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("tst is %s, which is no time of RFC 3339", brief(g.tst))
}
