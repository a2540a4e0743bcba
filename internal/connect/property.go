package connect

import (
	"time"

	"dunlin/mqtt"
)

// Properties are the MQTT 5 properties that a command line names, by the packet they go into. Set fills
// them in.
type Properties struct {
	Connect     ConnectProperties
	Publish     PublishProperties
	Subscribe   SubscribeProperties
	Unsubscribe []mqtt.UserProperty
	Disconnect  mqtt.DisconnectOptions
	Will        WillProperties

	given map[string]bool // the commands that have any
}

// ConnectProperties are those of CONNECT.
type ConnectProperties struct {
	mqtt.ConnectProperties
	ReceiveMaximum uint16 // 0: as mqtt.Limits has it
	MaximumPacket  uint32 // 0: as mqtt.Transport has it
	// TopicAliasMaximum is how many aliases the server may use; nil: as mqtt.Limits has it.
	TopicAliasMaximum *uint16
	// Method and Data authenticate in one step (section 4.12); empty: not.
	Method string
	Data   []byte
}

// PublishProperties are those of PUBLISH.
type PublishProperties struct {
	mqtt.Properties
	// TopicAlias was asked for; nil: not. The client chooses aliases by itself.
	TopicAlias *uint16
}

// Message returns what mqtt.Message.Properties takes: nil if none was given.
func (p *PublishProperties) Message() *mqtt.Properties { return orNil(&p.Properties) }

// message returns what mqtt.Message.Properties takes: nil if none was given.
func (p *WillProperties) message() *mqtt.Properties { return orNil(&p.Properties) }

func orNil(p *mqtt.Properties) *mqtt.Properties {
	if !p.PayloadIsText && p.MessageExpiry == nil && p.ContentType == "" && p.ResponseTopic == "" &&
		p.CorrelationData == nil && p.UserProperties == nil && p.Order == nil {
		return nil
	}
	return p
}

// SubscribeProperties are those of SUBSCRIBE.
type SubscribeProperties struct {
	ID   uint32 // Subscription Identifier; 0: none
	User []mqtt.UserProperty
}

// WillProperties are those of the will.
type WillProperties struct {
	mqtt.Properties
	Delay time.Duration
}
