package mosquittocli

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"dunlin/mqtt"
)

// propertyKind is what the value of a property is.
type propertyKind byte

const (
	kindByte propertyKind = iota
	kindTwo
	kindFour
	kindVariable
	kindText
	kindBytes
	kindPair
)

// limit returns the largest number of a kind as -D checks it; of the variable length it is too large.
func (k propertyKind) limit() int64 {
	switch k {
	case kindByte:
		return math.MaxUint8
	case kindTwo:
		return math.MaxUint16
	default:
		return math.MaxUint32
	}
}

// largestVariable is the largest number of variable length.
const largestVariable = 268435455

// known is a property: its name, what its value is, and in which packets the standard (and Mosquitto) have it.
type known struct {
	name     string
	kind     propertyKind
	commands string
}

// acknowledgements are the packets that have but a reason string and user properties.
const acknowledgements = "puback pubrec pubrel pubcomp suback unsuback "

// knownProperties returns all properties.
func knownProperties() []known {
	return []known{
		{"payload-format-indicator", kindByte, "publish will"},
		{"message-expiry-interval", kindFour, "publish will"},
		{"content-type", kindText, "publish will"},
		{"response-topic", kindText, "publish will"},
		{"correlation-data", kindBytes, "publish will"},
		{"subscription-identifier", kindVariable, "publish subscribe"},
		{"session-expiry-interval", kindFour, "connect connack disconnect"},
		{"assigned-client-identifier", kindText, "connack"},
		{"server-keep-alive", kindTwo, "connack"},
		{"authentication-method", kindText, "connect connack auth"},
		{"authentication-data", kindBytes, "connect connack auth"},
		{"request-problem-information", kindByte, "connect"},
		{"will-delay-interval", kindFour, "will"},
		{"request-response-information", kindByte, "connect"},
		{"response-information", kindText, "connack"},
		{"server-reference", kindText, "connack disconnect"},
		{"reason-string", kindText, acknowledgements + "connack disconnect auth will"},
		{"receive-maximum", kindTwo, "connect connack"},
		{"topic-alias-maximum", kindTwo, "connect connack"},
		{"topic-alias", kindTwo, "publish"},
		{"maximum-qos", kindByte, "connack"},
		{"retain-available", kindByte, "connack"},
		{"user-property", kindPair, acknowledgements + "connect connack publish subscribe unsubscribe disconnect auth will"},
		{"maximum-packet-size", kindFour, "connect connack"},
		{"wildcard-subscription-available", kindByte, "connack"},
		{"subscription-identifier-available", kindByte, "connack"},
		{"shared-subscription-available", kindByte, "connack"},
	}
}

// propertyValues returns what of args belongs to a -D: command, name and value, or both values of a user property. Nothing: there
// is too little.
func propertyValues(args []string) []string {
	n := 3
	if len(args) > 1 && strings.EqualFold(args[1], "user-property") {
		n = 4
	}
	if len(args) < n {
		return nil
	}
	return args[:n]
}

// setProperty reads -D COMMAND NAME VALUE.
func (p *parser) setProperty(v []string) error {
	if len(v) < 3 { // in an options file
		return misuse("Error: --property argument given but not enough arguments specified.\n\n")
	}
	command, name := strings.ToLower(v[0]), strings.ToLower(v[1])
	const commands = acknowledgements + "connect connack publish subscribe unsubscribe disconnect auth will"
	if !slices.Contains(strings.Fields(commands), command) {
		return misuse("Error: Invalid command " + v[0] + " given in --property argument.\n\n")
	}
	all := knownProperties()
	i := slices.IndexFunc(all, func(k known) bool { return k.name == name })
	if i < 0 {
		return misuse("Error: Invalid property name " + v[1] + " given in --property argument.\n\n")
	}
	if !slices.Contains(strings.Fields(all[i].commands), command) {
		return misuse("Error: " + name + " property not allowed for " + v[0] + " in --property argument.\n\n")
	}
	values, err := all[i].read(v[2:])
	if err != nil {
		return err
	}
	switch {
	case command == "connack": // of which Mosquitto says nothing but the hint
		return misuse("")
	case command == "auth", strings.Contains(acknowledgements, command+" "), command == "publish" && name == "subscription-identifier":
		return misuse("Error: " + name + " property not supported for " + v[0] + " in --property argument.\n\n")
	}
	p.properties = append(p.properties, property{command, name, values})
	p.version = mqtt.V5
	return nil
}

// read checks the values of a property, and returns numbers as they are understood.
func (k *known) read(values []string) ([]string, error) {
	switch k.kind {
	case kindText, kindBytes, kindPair:
		if k.kind == kindText && !wellFormed(values[0]) {
			return nil, misuse("Error adding property " + k.name + " 6\n")
		}
		return values, nil
	}
	n, _ := integer(values[0])
	if n < 0 || n > k.kind.limit() {
		return nil, misuse("Error: Property value (" + strconv.FormatInt(n, 10) + ") out of range for property " + k.name + ".\n\n")
	}
	if k.kind == kindVariable && n > largestVariable {
		return nil, misuse("Error adding property " + k.name + " 4\n")
	}
	return []string{strconv.FormatInt(n, 10)}, nil
}
