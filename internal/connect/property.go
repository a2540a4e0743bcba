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
	// TopicAlias was asked for. The client chooses aliases by itself.
	TopicAlias uint16
}

// Message returns what mqtt.Message.Properties takes: nil if none was given.
func (p *PublishProperties) Message() *mqtt.Properties { return nil }

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

// Set adds the property of that name to a command, which is connect, publish, subscribe, unsubscribe,
// disconnect or will; both in any case. user-property has two values, all others one. The error is a
// *PropertyError.
func (p *Properties) Set(command, name string, values ...string) error { return nil }

// Given reports whether the command has any property.
func (p *Properties) Given(command string) bool { return p.given[command] }

// PropertyValues returns how many values follow the property's name: 2 after user-property, else 1.
func PropertyValues(name string) int { return 1 }

// PropertyFault says what is wrong with a property.
type PropertyFault int

// The faults.
const (
	UnknownCommand   PropertyFault = iota + 1 // there is no such command
	UnknownProperty                           // there is no such property
	NotAllowed                                // the packet has no such property
	NotSupported                              // the command cannot be given this property
	OutOfRange                                // the number is too small or too large
	NotText                                   // the value is not UTF-8
	WrongValueNumber                          // too few or too many values
)

// PropertyError is a property that cannot be set.
type PropertyError struct {
	Fault                PropertyFault
	Command, Name, Value string
}

// Error returns one line: which property, and what is wrong with it.
func (e *PropertyError) Error() string { return e.Command + " " + e.Name }
