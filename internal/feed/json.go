package feed

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"dunlin/mqtt"
)

// jsonMessage is a message in a line of JSON, with the keys of mosquitto_sub -F %j.
type jsonMessage struct {
	Topic      *string         `json:"topic"`
	Payload    json.RawMessage `json:"payload"`
	Base64     *string         `json:"payload_base64"` // for what is not UTF-8
	PayloadLen *int            `json:"payloadlen"`
	QoS        *int            `json:"qos"`
	Retain     json.RawMessage `json:"retain"` // true and false, or 1 and 0 as before Mosquitto 2.1
	Properties *jsonProperties `json:"properties"`
}

// jsonProperties are the properties of a message in JSON.
type jsonProperties struct {
	Format          *int            `json:"payload-format-indicator"`
	Expiry          *uint32         `json:"message-expiry-interval"`
	ContentType     *string         `json:"content-type"`
	ResponseTopic   *string         `json:"response-topic"`
	Correlation     *string         `json:"correlation-data"`
	CorrelationBase *string         `json:"correlation-data_base64"`
	User            json.RawMessage `json:"user-properties"`
}

// fromJSON puts what the line says into m.
func fromJSON(line []byte, m *mqtt.Message) error {
	if !utf8.Valid(line) {
		return errors.New("it is not UTF-8; a binary payload is given as payload_base64")
	}
	var j jsonMessage
	if err := json.Unmarshal(line, &j); err != nil {
		return jsonFault(err)
	}
	if j.Topic != nil {
		m.Topic = *j.Topic
	}
	if j.QoS != nil {
		if *j.QoS < 0 || *j.QoS > 2 {
			return fmt.Errorf("qos %d is not 0, 1 or 2", *j.QoS)
		}
		m.QoS = mqtt.QoS(*j.QoS)
	}
	if len(j.Retain) > 0 {
		if err := setField(m, "retain", j.Retain); err != nil {
			return err
		}
	}
	if err := j.payload(m); err != nil {
		return err
	}
	if j.Properties == nil {
		return nil
	}
	return j.Properties.set(m)
}

// jsonFault says in plain words what is wrong with a line of JSON.
func jsonFault(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		if kind.Field == "" {
			return errors.New("it is not a JSON object")
		}
		return fmt.Errorf("%s cannot be a %s", kind.Field, kind.Value)
	}
	return fmt.Errorf("it is not JSON: %w", err)
}

// payload puts the payload into m: the bytes of a string, and any other value as JSON.
func (j *jsonMessage) payload(m *mqtt.Message) error {
	switch {
	case j.Base64 != nil:
		payload, err := base64.StdEncoding.DecodeString(*j.Base64)
		if err != nil {
			return errors.New("payload_base64 is not base64")
		}
		m.Payload = payload
	case len(j.Payload) == 0:
		return errors.New("there is no payload; an empty one is null")
	case j.Payload[0] == '"':
		var text string
		if err := json.Unmarshal(j.Payload, &text); err != nil {
			return err
		}
		m.Payload = []byte(text)
	case string(j.Payload) == "null":
		m.Payload = nil
	default:
		var compact bytes.Buffer
		if err := json.Compact(&compact, j.Payload); err != nil {
			return err
		}
		m.Payload = compact.Bytes()
		return nil // of which the length depends on how it is written
	}
	if j.PayloadLen != nil && *j.PayloadLen != len(m.Payload) {
		return fmt.Errorf("payloadlen is %d, but the payload has %d bytes: some were lost on the way here", *j.PayloadLen, len(m.Payload))
	}
	return nil
}

// set puts the properties into m, in the place of all that it had.
func (j *jsonProperties) set(m *mqtt.Message) error {
	p := &mqtt.Properties{}
	if j.Format != nil {
		p.PayloadIsText = *j.Format == 1
	}
	if j.Expiry != nil {
		expiry := time.Duration(*j.Expiry) * time.Second
		p.MessageExpiry = &expiry
	}
	if j.ContentType != nil {
		p.ContentType = *j.ContentType
	}
	if j.ResponseTopic != nil {
		p.ResponseTopic = *j.ResponseTopic
	}
	switch {
	case j.CorrelationBase != nil:
		data, err := base64.StdEncoding.DecodeString(*j.CorrelationBase)
		if err != nil {
			return errors.New("correlation-data_base64 is not base64")
		}
		p.CorrelationData = data
	case j.Correlation != nil:
		p.CorrelationData = []byte(*j.Correlation)
	}
	user, err := userProperties(j.User)
	if err != nil {
		return err
	}
	p.UserProperties = user
	m.Properties = p
	return nil
}

// userProperties reads a list of objects with one name each, or one object with all names, as Mosquitto 2.0
// writes it, in which a name may stand more than once.
func userProperties(raw json.RawMessage) ([]mqtt.UserProperty, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	var user []mqtt.UserProperty
	name, named := "", false
	for d.More() || d.InputOffset() < int64(len(raw)) {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		text, isText := token.(string)
		switch {
		case !isText:
			if _, isBracket := token.(json.Delim); !isBracket || named {
				return nil, errors.New("user-properties are names with texts")
			}
		case named:
			user, named = append(user, mqtt.UserProperty{Name: name, Value: text}), false
		default:
			name, named = text, true
		}
	}
	return user, nil
}
