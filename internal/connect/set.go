package connect

import (
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
	if fault := place(command, name, len(values)); fault != 0 {
		return e.with(fault, "")
	}
	v, wrong := read(known[name].kind, values)
	if wrong != 0 {
		return e.with(wrong, v.text)
	}
	if p.given == nil {
		p.given = map[string]bool{}
	}
	p.given[command] = true
	if len(values) == 2 {
		p.addUser(command, mqtt.UserProperty{Name: values[0], Value: values[1]})
		return nil
	}
	p.put(command, name, v)
	return nil
}

// place finds what is wrong with a property that a command is given with so many values; 0: nothing.
func place(command, name string, values int) PropertyFault {
	property, ok := known[name]
	switch {
	case !slices.Contains(Commands, command) && !slices.Contains(elsewhere, command):
		return UnknownCommand
	case !ok:
		return UnknownProperty
	case slices.Contains(elsewhere, command):
		return NotSupported
	case !slices.Contains(property.commands, command):
		return NotAllowed
	case values != PropertyValues(name):
		return WrongValueNumber
	}
	return 0
}

// read reads the values of a property. The fault is that of the value which it returns; 0: none.
func read(k kind, values []string) (value, PropertyFault) {
	v := value{text: values[len(values)-1]}
	switch k {
	case binaryKind:
	case textKind, pairKind:
		for _, s := range values {
			if !utf8.ValidString(s) || len(s) > math.MaxUint16 {
				return value{text: s}, NotText
			}
		}
	default:
		n, err := strconv.ParseInt(v.text, 10, 64)
		if err != nil || n < 0 || n > limits[k] {
			return v, OutOfRange
		}
		v.number = uint32(n)
	}
	return v, 0
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

// putMessage sets a property of a message. It is sent in the order in which properties were given.
func putMessage(p *mqtt.Properties, name string, v value) {
	var id byte // MQTT 5 table 2-4
	switch name {
	case "payload-format-indicator":
		id, p.PayloadIsText = 0x01, v.number == 1
	case "message-expiry-interval":
		id, p.MessageExpiry = 0x02, v.wait()
	case "content-type":
		id, p.ContentType = 0x03, v.text
	case "response-topic":
		id, p.ResponseTopic = 0x08, v.text
	case "correlation-data":
		id, p.CorrelationData = 0x09, []byte(v.text)
	}
	if !slices.Contains(p.Order, id) {
		p.Order = append(p.Order, id)
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
	const userProperty = 0x26
	switch command {
	case "publish":
		p.Publish.Order = append(p.Publish.Order, userProperty)
	case "will":
		p.Will.Order = append(p.Will.Order, userProperty)
	}
}
