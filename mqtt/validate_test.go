package mqtt_test

import (
	"errors"
	"testing"

	"dunlin/mqtt"
)

// TestValidate asks what a connected client says, too: it has to be the same.
func TestValidate(t *testing.T) {
	s := dialScripted(t, nil) // of MQTT 3.1.1
	user := []mqtt.UserProperty{{Name: "a", Value: "\x00"}}
	for _, m := range []mqtt.Message{
		{},
		{Topic: "a/#"},
		{Topic: "a\x00"},
		{Topic: "a", QoS: 3},
		{Topic: "a", Properties: &mqtt.Properties{}},
		{Topic: "a", Payload: make([]byte, 256<<20)},
	} {
		err := m.Validate(mqtt.V311)
		if said := s.Publish(s.ctx, m); !wrongArgument(err) || said == nil || said.Error() != err.Error() {
			t.Errorf("%.20q: got %v, the client said %v", m.Topic, err, said)
		}
	}
	for _, sub := range []mqtt.Subscription{
		{}, {Filter: "a#"}, {Filter: "$share/g"}, {Filter: "a", QoS: 3}, {Filter: "a", RetainHandling: 3}, {Filter: "a", NoLocal: true},
	} {
		err := sub.Validate(mqtt.V311)
		if said := errorOf(s.Subscribe(s.ctx, sub)); !wrongArgument(err) || said == nil || said.Error() != err.Error() {
			t.Errorf("%q: got %v, the client said %v", sub.Filter, err, said)
		}
	}
	message := mqtt.Message{Topic: "a", QoS: 2, Properties: &mqtt.Properties{UserProperties: user}}
	if err := message.Validate(mqtt.V5); !wrongArgument(err) {
		t.Errorf("a user property with U+0000: got %v", err)
	}
	subscription := mqtt.Subscription{Filter: "a/+/#", QoS: 2, NoLocal: true, UserProperties: user}
	if err := subscription.Validate(mqtt.V5); !wrongArgument(err) {
		t.Errorf("a user property with U+0000: got %v", err)
	}
	message.Properties.UserProperties, subscription.UserProperties = nil, nil
	if err := errors.Join(message.Validate(mqtt.V5), subscription.Validate(mqtt.V5)); err != nil {
		t.Errorf("nothing is wrong, but: %v", err)
	}
}

func wrongArgument(err error) bool {
	var wrong *mqtt.ArgumentError
	return errors.As(err, &wrong)
}
