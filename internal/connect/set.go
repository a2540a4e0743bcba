package connect

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"dunlin/mqtt"
)

// kind is what a property's value is.
type kind int

const (
	flagKind   kind = iota // a number that is 0 or 1
	number16               // a number of two bytes
	number32               // a number of four bytes
	numberVar              // a number of up to four bytes of seven bits
	textKind               // UTF-8
	binaryKind             // bytes
	pairKind               // a name and a value
)

// limits are the largest numbers of the kinds.
var limits = map[kind]int64{flagKind: 1, number16: math.MaxUint16, number32: math.MaxUint32, numberVar: 268_435_455}

// known are the properties of MQTT 5, and the commands that can be given them.
var known = map[string]struct {
	kind     kind
	commands []string
}{
	"payload-format-indicator":          {flagKind, []string{"publish", "will"}},
	"message-expiry-interval":           {number32, []string{"publish", "will"}},
	"content-type":                      {textKind, []string{"publish", "will"}},
	"response-topic":                    {textKind, []string{"publish", "will"}},
	"correlation-data":                  {binaryKind, []string{"publish", "will"}},
	"topic-alias":                       {number16, []string{"publish"}},
	"subscription-identifier":           {numberVar, []string{"subscribe"}},
	"session-expiry-interval":           {number32, []string{"connect", "disconnect"}},
	"receive-maximum":                   {number16, []string{"connect"}},
	"maximum-packet-size":               {number32, []string{"connect"}},
	"topic-alias-maximum":               {number16, []string{"connect"}},
	"request-response-information":      {flagKind, []string{"connect"}},
	"request-problem-information":       {flagKind, []string{"connect"}},
	"authentication-method":             {textKind, []string{"connect"}},
	"authentication-data":               {binaryKind, []string{"connect"}},
	"will-delay-interval":               {number32, []string{"will"}},
	"reason-string":                     {textKind, []string{"disconnect"}},
	"user-property":                     {pairKind, Commands},
	"assigned-client-identifier":        {textKind, nil},
	"maximum-qos":                       {flagKind, nil},
	"reason-code":                       {number16, nil},
	"response-information":              {textKind, nil},
	"retain-available":                  {flagKind, nil},
	"server-keep-alive":                 {number16, nil},
	"server-reference":                  {textKind, nil},
	"shared-subscription-available":     {flagKind, nil},
	"subscription-identifier-available": {flagKind, nil},
	"wildcard-subscription-available":   {flagKind, nil},
}

// Commands are those whose properties can be set.
var Commands = []string{"connect", "publish", "subscribe", "unsubscribe", "disconnect", "will"}

// elsewhere are packets that have properties, too, but that the commands cannot be given any for.
var elsewhere = []string{"auth", "connack", "puback", "pubrec", "pubrel", "pubcomp", "suback", "unsuback"}

// PropertyValues returns how many values follow the property's name: 2 after user-property, else 1.
func PropertyValues(name string) int {
	if strings.EqualFold(name, "user-property") {
		return 2
	}
	return 1
}

// Set adds the property of that name to a command, which is one of Commands; both in any case.
// user-property has two values, all others one. What a number may be is checked, and what MQTT says of
// particular values is not: Config.Validate and the others do that. The error is a *PropertyError.
func (p *Properties) Set(command, name string, values ...string) error {
	e := &PropertyError{Command: command, Name: name}
	command, name = strings.ToLower(command), strings.ToLower(name)
	property, ok := known[name]
	switch {
	case !slices.Contains(Commands, command) && !slices.Contains(elsewhere, command):
		return e.with(UnknownCommand, "")
	case !ok:
		return e.with(UnknownProperty, "")
	case slices.Contains(elsewhere, command):
		return e.with(NotSupported, "")
	case !slices.Contains(property.commands, command):
		return e.with(NotAllowed, "")
	case len(values) != PropertyValues(name):
		return e.with(WrongValueNumber, "")
	}
	v := value{text: values[len(values)-1]}
	switch property.kind {
	case binaryKind:
	case textKind, pairKind:
		for _, s := range values {
			if !utf8.ValidString(s) || len(s) > math.MaxUint16 {
				return e.with(NotText, s)
			}
		}
	default:
		n, err := strconv.ParseInt(v.text, 10, 64)
		if err != nil || n < 0 || n > limits[property.kind] {
			return e.with(OutOfRange, v.text)
		}
		v.number = uint32(n)
	}
	if p.given == nil {
		p.given = map[string]bool{}
	}
	p.given[command] = true
	if property.kind == pairKind {
		p.addUser(command, mqtt.UserProperty{Name: values[0], Value: values[1]})
		return nil
	}
	p.put(command, name, v)
	return nil
}

// Given reports whether the command has any property.
func (p *Properties) Given(command string) bool { return p.given[command] }

// Any reports whether any command has one: then the version is MQTT 5 where nothing else is said.
func (p *Properties) Any() bool { return len(p.given) > 0 }

// value is a property's value, and as a number where it is one.
type value struct {
	text   string
	number uint32
}

func (v value) seconds() time.Duration { return time.Duration(v.number) * time.Second }

func (v value) wait() *time.Duration {
	d := v.seconds()
	return &d
}

// put sets a property that the command can be given.
func (p *Properties) put(command, name string, v value) {
	switch command {
	case "connect":
		p.Connect.put(name, v)
	case "disconnect":
		if name == "reason-string" {
			p.Disconnect.ReasonString = v.text
		} else {
			p.Disconnect.SessionExpiry = v.wait()
		}
	case "subscribe":
		p.Subscribe.ID = v.number
	case "publish":
		if name == "topic-alias" {
			alias := uint16(v.number)
			p.Publish.TopicAlias = &alias
		} else {
			putMessage(&p.Publish.Properties, name, v)
		}
	case "will":
		if name == "will-delay-interval" {
			p.Will.Delay = v.seconds()
		} else {
			putMessage(&p.Will.Properties, name, v)
		}
	}
}

// put sets a property of CONNECT.
func (c *ConnectProperties) put(name string, v value) {
	switch name {
	case "session-expiry-interval":
		c.SessionExpiry = v.seconds()
	case "receive-maximum":
		c.ReceiveMaximum = uint16(v.number)
	case "maximum-packet-size":
		c.MaximumPacket = v.number
	case "topic-alias-maximum":
		aliases := uint16(v.number)
		c.TopicAliasMaximum = &aliases
	case "request-response-information":
		c.RequestResponseInformation = v.number == 1
	case "request-problem-information":
		c.OmitProblemInformation = v.number == 0
	case "authentication-method":
		c.Method = v.text
	case "authentication-data":
		c.Data = []byte(v.text)
	}
}

// putMessage sets a property of a message.
func putMessage(p *mqtt.Properties, name string, v value) {
	switch name {
	case "payload-format-indicator":
		p.PayloadIsText = v.number == 1
	case "message-expiry-interval":
		p.MessageExpiry = v.wait()
	case "content-type":
		p.ContentType = v.text
	case "response-topic":
		p.ResponseTopic = v.text
	case "correlation-data":
		p.CorrelationData = []byte(v.text)
	}
}

// addUser adds a user property; of them a packet may have many.
func (p *Properties) addUser(command string, u mqtt.UserProperty) {
	list := map[string]*[]mqtt.UserProperty{
		"connect":     &p.Connect.UserProperties,
		"publish":     &p.Publish.UserProperties,
		"subscribe":   &p.Subscribe.User,
		"unsubscribe": &p.Unsubscribe,
		"disconnect":  &p.Disconnect.UserProperties,
		"will":        &p.Will.UserProperties,
	}[command]
	*list = append(*list, u)
}

// PropertyFault says what is wrong with a property.
type PropertyFault int

// The faults.
const (
	UnknownCommand   PropertyFault = iota + 1 // there is no such command
	UnknownProperty                           // there is no such property
	NotAllowed                                // the packet has no such property
	NotSupported                              // the command cannot be given properties
	OutOfRange                                // it is no number, or one that is too small or too large
	NotText                                   // the value is not UTF-8, or too long
	WrongValueNumber                          // there are too few or too many values
)

// PropertyError is a property that cannot be set.
type PropertyError struct {
	Fault                PropertyFault
	Command, Name, Value string // as they were given; Value is the wrong one
}

func (e *PropertyError) with(fault PropertyFault, value string) error {
	e.Fault, e.Value = fault, value
	return e
}

// Error returns one line: which property, what is wrong with it, and what would be right.
func (e *PropertyError) Error() string {
	switch e.Fault {
	case UnknownCommand:
		return fmt.Sprintf("%q is not one of %s", e.Command, strings.Join(Commands, ", "))
	case NotSupported:
		return fmt.Sprintf("%s cannot be given properties; %s can", e.Command, strings.Join(Commands, ", "))
	case UnknownProperty:
		return fmt.Sprintf("%s: there is no property %q", e.Command, e.Name)
	case NotAllowed:
		return fmt.Sprintf("%s has no property %s", e.Command, e.Name)
	case OutOfRange:
		return fmt.Sprintf("%s %s: %q is not a number between 0 and %d", e.Command, e.Name, e.Value, limits[known[strings.ToLower(e.Name)].kind])
	case NotText:
		return fmt.Sprintf("%s %s: %q is not UTF-8 text of at most 65535 bytes", e.Command, e.Name, e.Value)
	default:
		return fmt.Sprintf("%s %s needs %d value(s)", e.Command, e.Name, PropertyValues(e.Name))
	}
}
