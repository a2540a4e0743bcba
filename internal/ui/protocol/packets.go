package protocol

// Watch (operation "watch", answered by Packets) says whose packets the page shows: those of a connection of our own, or of the
// devices of a proxy.
type Watch struct {
	Connection int    `json:"connection"` // 0: none
	Device     int    `json:"device,omitempty"`
	Type       string `json:"type,omitempty"` // only these, such as PUBLISH; several with commas
	Text       string `json:"text,omitempty"` // in the summary
	Last       int64  `json:"last,omitempty"` // up to this number; 0: the latest, which are pushed as they come
	Count      int    `json:"count"`          // at most 500
}

// Packets is a part of a packet log.
type Packets struct {
	Connection int      `json:"connection"`
	Devices    []Device `json:"devices,omitempty"` // of a proxy
	First      int64    `json:"first"`             // number of the oldest that is kept
	Last       int64    `json:"last"`
	Packets    []Packet `json:"packets"` // the latest last
	Ends       []End    `json:"ends,omitempty"`
}

// Device is a client of a proxy.
type Device struct {
	ID       int    `json:"id"`
	ClientID string `json:"clientId"`
	Address  string `json:"address"`
	Since    int64  `json:"since"`
	Ended    int64  `json:"ended,omitempty"`
	Why      string `json:"why,omitempty"`
}

// Packet is a line of the log.
type Packet struct {
	Number  int64  `json:"i"`
	Time    int64  `json:"t"`            // microseconds since 1970
	Sent    bool   `json:"s,omitempty"`  // by the client
	Type    string `json:"y"`            // PUBLISH, and so on; or an event in small letters: opened, closed
	Summary string `json:"m"`            // one line
	Size    int    `json:"z"`            // bytes of the whole packet
	Fault   string `json:"e,omitempty"`  // what is wrong with it, by the specification
	Device  int    `json:"dv,omitempty"` // of a proxy
}

// End is why a connection ended, for people.
type End struct {
	Number int64    `json:"i"` // of the packet or event in the log
	Time   int64    `json:"t"`
	Who    string   `json:"who"`  // client, server, network, unknown, proxy (as it was asked for)
	Why    string   `json:"why"`  // one or two sentences
	Hint   string   `json:"hint"` // what to do
	Clause string   `json:"clause,omitempty"`
	Of     []int64  `json:"of,omitempty"` // packets that show it
	Facts  []string `json:"facts,omitempty"`
}

// Dissect (operation "dissect", answered by Dissected) asks for a packet field by field.
type Dissect struct {
	Connection int   `json:"connection"`
	Number     int64 `json:"number"`
}

// Dissected is a packet field by field.
type Dissected struct {
	Packet
	Fields []Field `json:"fields"`
	Bytes  []byte  `json:"bytes"` // the first 4,096
}

// Field is a part of a packet.
type Field struct {
	Name   string `json:"name"` // in the specification's words
	Value  string `json:"value"`
	Note   string `json:"note,omitempty"`   // what the value means
	Clause string `json:"clause,omitempty"` // such as 3.3.1.2, or MQTT-3.3.1-4
	Fault  string `json:"fault,omitempty"`  // what is wrong with it
	Depth  int    `json:"depth,omitempty"`
	From   int    `json:"from"` // byte in the packet
	Length int    `json:"length"`
}

// Faults (operation "faults", answered by nothing) are what a proxy does to the packets that go through it. Zero is nothing.
type Faults struct {
	Connection int    `json:"connection"`
	Delay      int    `json:"delay,omitempty"`  // milliseconds, each way
	Jitter     int    `json:"jitter,omitempty"` // up to so many more
	Drop       int    `json:"drop,omitempty"`   // percent of packets that are swallowed
	Types      string `json:"types,omitempty"`  // only packets of these types; several with commas
	Way        string `json:"way,omitempty"`    // up (to the server), down; empty: both
	Cut        bool   `json:"cut,omitempty"`    // in the operation: end the connections now
	Refuse     bool   `json:"refuse,omitempty"` // take no new connections
	Stall      bool   `json:"stall,omitempty"`  // take bytes and pass none on
	Device     int    `json:"device,omitempty"` // of this device alone
}
