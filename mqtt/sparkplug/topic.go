package sparkplug

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Namespace is the first level of all topics of Sparkplug B [tck-id-topic-structure-namespace-a].
const Namespace = "spBv1.0"

// MessageType is the kind of a message, as its topic says.
type MessageType string

// The types of messages.
const (
	NBIRTH MessageType = "NBIRTH"
	NDEATH MessageType = "NDEATH"
	NDATA  MessageType = "NDATA"
	NCMD   MessageType = "NCMD"
	DBIRTH MessageType = "DBIRTH"
	DDEATH MessageType = "DDEATH"
	DDATA  MessageType = "DDATA"
	DCMD   MessageType = "DCMD"
	STATE  MessageType = "STATE"
)

// ofDevice reports whether messages of the type are a device's, and known whether there is the type.
func (t MessageType) ofDevice() (device, known bool) {
	switch t {
	case NBIRTH, NDEATH, NDATA, NCMD, STATE:
		return false, true
	case DBIRTH, DDEATH, DDATA, DCMD:
		return true, true
	}
	return false, false
}

// ID names an edge node, or with Device a device of it.
type ID struct{ Group, Node, Device string }

// String returns the parts that are there, with a slash between them.
func (id ID) String() string {
	if id.Device == "" {
		return id.Group + "/" + id.Node
	}
	return id.Group + "/" + id.Node + "/" + id.Device
}

// node returns the identifier of the edge node.
func (id ID) node() ID { return ID{Group: id.Group, Node: id.Node} }

// Topic is a topic of Sparkplug B, taken apart: section 4.1.
type Topic struct {
	Type MessageType
	// ID is whose message it is, or for whom; zero for STATE.
	ID
	// Host is the identifier of a host application, for STATE only.
	Host string
}

// String returns the topic name. It does not check the parts; see Validate.
func (t Topic) String() string {
	if t.Type == STATE {
		return Namespace + "/STATE/" + t.Host
	}
	name := Namespace + "/" + t.Group + "/" + string(t.Type) + "/" + t.Node
	if t.Device != "" {
		name += "/" + t.Device
	}
	return name
}

// Validate reports what keeps t from being the topic of a message.
func (t Topic) Validate() error {
	if t.Type == STATE {
		return validID("host", t.Host)
	}
	device, known := t.Type.ofDevice()
	if !known {
		return fmt.Errorf("%q is no type of message", t.Type)
	}
	if err := validID("group", t.Group); err != nil {
		return err
	}
	if t.Group == string(STATE) { // its topics would be those of host applications
		return fmt.Errorf("a group cannot be called %s", STATE)
	}
	if err := validID("edge node", t.Node); err != nil {
		return err
	}
	switch {
	case device:
		return validID("device", t.Device)
	case t.Device != "":
		return fmt.Errorf("%s is not for a device", t.Type)
	}
	return nil
}

// ParseTopic takes a topic name apart. The error says why it is none of Sparkplug B.
func ParseTopic(name string) (Topic, error) {
	levels := strings.Split(name, "/")
	if levels[0] != Namespace {
		return Topic{}, fmt.Errorf("topic %.200q does not begin with %s/", name, Namespace)
	}
	if len(levels) == 3 && levels[1] == string(STATE) {
		t := Topic{Type: STATE, Host: levels[2]}
		return t, inTopic(name, t.Validate())
	}
	if len(levels) < 4 || len(levels) > 5 {
		return Topic{}, fmt.Errorf("topic %.200q has %d levels; it is %s/group/type/node, %[3]s/group/type/node/device or %[3]s/STATE/host",
			name, len(levels), Namespace)
	}
	t := Topic{Type: MessageType(levels[2]), ID: ID{Group: levels[1], Node: levels[3]}}
	if len(levels) == 5 {
		t.Device = levels[4]
		if t.Device == "" {
			return Topic{}, fmt.Errorf("topic %.200q ends with an empty level", name)
		}
	}
	return t, inTopic(name, t.Validate())
}

func inTopic(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("topic %.200q: %w", name, err)
}

// validID reports why s cannot be an identifier [tck-id-topic-structure-namespace-valid-group-id]
// [tck-id-topic-structure-namespace-valid-edge-node-id] [tck-id-topic-structure-namespace-valid-device-id].
func validID(what, s string) error {
	switch {
	case s == "":
		return fmt.Errorf("the identifier of the %s is empty", what)
	case !utf8.ValidString(s):
		return fmt.Errorf("the identifier of the %s, %.200q, is not UTF-8", what, s)
	case strings.ContainsAny(s, "+/#\x00"):
		return fmt.Errorf("the identifier of the %s, %.200q, has one of + / # and U+0000", what, s)
	case len(s) > maxID:
		return fmt.Errorf("the identifier of the %s is longer than %d bytes", what, maxID)
	}
	return nil
}

// maxID keeps the longest topic, of three identifiers, within MQTT's 65,535 bytes.
const maxID = 21_000
