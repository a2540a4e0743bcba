package scenario

import "time"

// Options are what the modes of the command are made of. What a mode has no use for, it leaves.
type Options struct {
	Clients     int     // of the many: publishers of Pub, FanIn and RTT, subscribers of Sub, FanOut and Share
	First       int     // number of the first client
	Others      int     // of the few: subscribers of FanIn, publishers of FanOut and Share; 0: 1
	ConnectRate float64 // a second; 0: as fast as the server takes them
	ClientID    string  // template; empty: one of the mode
	Username    string  // template

	Rate     float64 // messages a second of all publishers together; 0: as fast as the window allows
	InFlight int
	Count    int // messages of one publisher; 0: until Duration ends
	Duration time.Duration
	Warmup   time.Duration
	Drain    time.Duration

	Topic   string // template, for Sub a filter; empty: one of the mode
	Topics  int    // of one publisher, in turn; 0: one
	Payload string // template; empty: Size bytes
	Size    int
	QoS     byte
	Retain  bool
	Share   string // group of the shared subscription of Share; empty: "bench"
	Work    time.Duration

	KeepAlive     time.Duration
	KeepSession   bool
	SessionExpiry time.Duration
	Will          *Message
	Seed          uint64
}

// Conn has clients connect and stay.
func Conn(o Options) Scenario { return o.scenario("conn", o.group("conn", o.Clients)) }

// Pub has clients publish; nobody receives.
func Pub(o Options) Scenario {
	return o.scenario("pub", o.publishers("pub", o.Clients, o.topic("bench/pub")))
}

// Sub has clients subscribe and take what others publish.
func Sub(o Options) Scenario {
	filter := "bench/#"
	if o.Topic != "" {
		filter = Name(o.Topic)
	}
	return o.scenario("sub", o.subscribers("sub", o.Clients, filter))
}

// RTT has each client publish to an echo and measure until the answer. Without a rate it has one message under way at a time.
func RTT(o Options) Scenario {
	topic := o.topic("bench/rtt")
	echo := o.subscribers("echo", o.others(), filterOf(topic))
	echo.Echo = true
	if echo.Clients > 1 {
		echo.Subscribe[0].Share = o.share()
	}
	many := o.publishers("rtt", o.Clients, topic)
	many.Publish[0].Answered = true
	if o.Rate == 0 {
		many.Publish[0].InFlight = 1
	}
	return o.scenario("rtt", echo, many)
}

// FanIn has many clients publish to a few, who share what comes if there are several.
func FanIn(o Options) Scenario {
	topic := o.topic("bench/fan-in")
	few := o.subscribers("sub", o.others(), filterOf(topic))
	if few.Clients > 1 {
		few.Subscribe[0].Share = o.share()
	}
	return o.scenario("fan-in", few, o.publishers("pub", o.Clients, topic))
}

// FanOut has a few clients publish to many, each of which gets everything.
func FanOut(o Options) Scenario {
	topic := o.topic("bench/fan-out")
	return o.scenario("fan-out", o.subscribers("sub", o.Clients, filterOf(topic)), o.publishers("pub", o.others(), topic))
}

// Share has a few clients publish to many that share one subscription.
func Share(o Options) Scenario {
	topic := o.topic("bench/share")
	many := o.subscribers("sub", o.Clients, filterOf(topic))
	many.Subscribe[0].Share = o.share()
	return o.scenario("share", many, o.publishers("pub", o.others(), topic))
}

// scenario makes one of groups, which connect in this order.
func (o *Options) scenario(name string, groups ...Group) Scenario {
	s := Scenario{
		Name: name, Groups: groups, Warmup: o.Warmup, Drain: o.Drain, Seed: o.Seed,
		Phases: []Phase{{Name: "load", Duration: o.Duration, From: 1, To: 1}},
	}
	s.Latency = s.mainLatency()
	return s
}

// group is what all groups of the modes have in common.
func (o *Options) group(name string, clients int) Group {
	id := "bench-{{.Run}}-" + defaultClientID
	switch {
	case o.ClientID != "":
		id = Name(o.ClientID)
	case o.KeepSession: // which the next run is to find
		id = "bench-" + defaultClientID
	}
	return Group{
		Name: name, Clients: clients, First: o.First, Rate: o.ConnectRate, ClientID: id, Username: Name(o.Username),
		KeepAlive: o.KeepAlive, KeepSession: o.KeepSession, SessionExpiry: o.SessionExpiry, Will: o.Will,
	}
}

// publishers are a group whose clients share the rate.
func (o *Options) publishers(name string, clients int, topic string) Group {
	g := o.group(name, clients)
	size := o.Size
	if o.Payload != "" {
		size = 0
	}
	g.Publish = []Publish{{
		Message: Message{Topic: topic, Payload: o.Payload, Size: size, QoS: o.QoS, Retain: o.Retain},
		Rate:    o.Rate / float64(max(clients, 1)), Count: o.Count, InFlight: o.InFlight, Topics: o.Topics,
	}}
	return g
}

func (o *Options) subscribers(name string, clients int, filter string) Group {
	g := o.group(name, clients)
	g.Subscribe = []Subscribe{{Filter: filter, QoS: o.QoS, Work: o.Work}}
	return g
}

// topic is the template that was given, or one of the mode with what it has numbers of.
func (o *Options) topic(root string) string {
	switch {
	case o.Topic != "":
		return Name(o.Topic)
	case o.Topics > 1:
		return root + "/{{.Client}}-{{.TopicNumber}}"
	default:
		return root + "/{{.Client}}"
	}
}

func (o *Options) others() int { return max(o.Others, 1) }

func (o *Options) share() string {
	if o.Share != "" {
		return o.Share
	}
	return "bench"
}
