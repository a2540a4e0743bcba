package ui

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// readProperties reads properties as the page has them, in the specification's words; nil for none.
func readProperties(list []protocol.Property) (*mqtt.Properties, error) {
	if len(list) == 0 {
		return nil, nil
	}
	p := &mqtt.Properties{}
	for _, property := range list {
		if err := setProperty(p, strings.ToLower(strings.TrimSpace(property.Name)), property.Value); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// setProperty sets one property.
func setProperty(p *mqtt.Properties, name, value string) error {
	switch name {
	case "payload format indicator":
		switch word, _, _ := strings.Cut(value, " "); word {
		case "0":
		case "1":
			p.PayloadIsText = true
		default:
			return fmt.Errorf("the Payload Format Indicator is 0 or 1, not %q", value)
		}
	case "message expiry interval":
		seconds, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "s")), 10, 32)
		if err != nil {
			return fmt.Errorf("the Message Expiry Interval is a number of seconds from 0 to 4294967295, not %q", value)
		}
		expiry := time.Duration(seconds) * time.Second
		p.MessageExpiry = &expiry
	case "content type":
		p.ContentType = value
	case "response topic":
		p.ResponseTopic = value
	case "correlation data":
		p.CorrelationData = bytesOf(value)
	case "user property":
		return addUserProperty(p, value)
	default:
		return fmt.Errorf("a message has no property %q; there are Payload Format Indicator, Message Expiry Interval, Content Type, "+
			"Response Topic, Correlation Data and User Property", name)
	}
	return nil
}

// addUserProperty adds a user property, NAME = VALUE.
func addUserProperty(p *mqtt.Properties, text string) error {
	name, value, found := strings.Cut(text, " = ")
	if !found {
		name, value, found = strings.Cut(text, "=")
	}
	if !found {
		return fmt.Errorf("a User Property is NAME = VALUE, not %q", text)
	}
	p.UserProperties = append(p.UserProperties, mqtt.UserProperty{Name: name, Value: value})
	return nil
}

// bytesOf returns the bytes that a text stands for: 0x and hexadecimal digits, as they are shown where they are no text, or those of
// the text itself.
func bytesOf(text string) []byte {
	if digits, found := strings.CutPrefix(text, "0x"); found {
		if b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", "")); err == nil {
			return b
		}
	}
	return []byte(text)
}
