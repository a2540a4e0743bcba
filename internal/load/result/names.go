package result

// Names of the histograms that a run can have.
const (
	Connect   = "connect"   // from the start of an attempt to the CONNACK
	Subscribe = "subscribe" // from SUBSCRIBE to SUBACK
	Publish   = "publish"   // from the time a message was due to its acknowledgement; QoS 1 and 2
	Delivery  = "delivery"  // from the time a message was due to its arrival at a subscriber of the same process
	RoundTrip = "rtt"       // from the time a message was due to the answer of an echo
	Wire      = "wire"      // from the writing of a PUBLISH to its acknowledgement
)

// Names are all of them, in the order that tables have.
var Names = []string{Connect, Subscribe, Publish, Wire, Delivery, RoundTrip}

// Parameter is a setting of a run, as text for people: what joined results must have in common, and what a report shows.
type Parameter struct {
	Group string `json:"group,omitempty"` // empty: of the whole run
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Parameters of a group that processes of one run do not have in common.
const (
	Clients     = "clients"
	First       = "first"
	ConnectRate = "connect_rate"
)
