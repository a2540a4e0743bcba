package result

// count is one of Counts.
type count struct {
	name string // in files and thresholds
	help string
	at   func(*Counts) *int64
}

// of returns the count's value.
func (c count) of(all *Counts) int64 { return *c.at(all) }

// counts are all of Counts, in the order that tables have.
var counts = []count{
	{"connects", "Connections that were accepted.", func(c *Counts) *int64 { return &c.Connects }},
	{"connect_errors", "Connections that failed or were refused.", func(c *Counts) *int64 { return &c.ConnectErrors }},
	{"connections_lost", "Connections that ended without the scenario's doing.", func(c *Counts) *int64 { return &c.Lost }},
	{"connections_dropped", "Connections that the scenario broke.", func(c *Counts) *int64 { return &c.Dropped }},
	{"subscribes", "Subscriptions that were granted.", func(c *Counts) *int64 { return &c.Subscribes }},
	{"due", "Messages that should have been sent.", func(c *Counts) *int64 { return &c.Due }},
	{"published", "Messages that were sent.", func(c *Counts) *int64 { return &c.Published }},
	{"acknowledged", "Messages that the server acknowledged.", func(c *Counts) *int64 { return &c.Acknowledged }},
	{"publish_errors", "Messages that could not be published.", func(c *Counts) *int64 { return &c.PublishErrors }},
	{"received", "Messages that were received.", func(c *Counts) *int64 { return &c.Received }},
	{"bytes_out", "Bytes of payloads that were sent.", func(c *Counts) *int64 { return &c.BytesOut }},
	{"bytes_in", "Bytes of payloads that were received.", func(c *Counts) *int64 { return &c.BytesIn }},
}

// ByEnd returns the counts that rates are of: those of the time that Seconds is the length of.
func (r *Result) ByEnd() *Counts {
	if r.AtEnd != nil {
		return r.AtEnd
	}
	return &r.Counts
}

// Add adds all of o.
func (c *Counts) Add(o *Counts) {
	for _, one := range counts {
		*one.at(c) += one.of(o)
	}
}
