package cli

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dunlin/internal/feed"
	"dunlin/internal/load/scenario"
)

// bench is a load, of a mode or a file.
type bench struct {
	session
	benchOutput
	mode *benchMode // nil: a file says what the load is

	clients, others, first     int64
	connectRate, rate          float64
	count, inFlight, topics    int64
	length, warmup, drain      time.Duration
	topic, message, size, name string
	share                      string
	retain, keep, verify       bool
	work                       time.Duration
	seed                       uint64
}

// bindBench adds the options.
func (b *bench) bindBench(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	b.place.bind(f)
	b.security.bind(f)
	b.bindLogin(f)
	b.bindWays(f)
	f.StringVarP(&b.protocol, "protocol-version", "V", "auto", "version of MQTT: 5, 3.1.1 or 3.1; auto is 5 where the broker speaks it, else 3.1.1")
	f.Int64VarP(&b.keepAlive, "keepalive", "k", 60, "longest silence in seconds before a ping; 0: no pings")
	if b.mode != nil {
		b.bindMode(f)
	}
	f.Uint64Var(&b.seed, "seed", 0, "number that decides all that is random")
	f.BoolVar(&b.verify, "verify", false, "number every message, and account for each: lost, doubled, out of order, corrupted")
	b.benchOutput.bind(f)
	f.BoolVar(&b.quiet, "quiet", false, "write nothing to stderr")
}

// bindMode adds the options that say what the load of a mode is.
func (b *bench) bindMode(f *pflag.FlagSet) {
	m := b.mode
	f.Int64VarP(&b.clients, "clients", "c", m.clients, "how many clients")
	if m.others != "" {
		f.Int64Var(&b.others, m.others, 1, m.othersUsage)
	}
	f.Int64Var(&b.first, "first", 1, "number of the first client, where several processes make one load")
	f.Float64Var(&b.connectRate, "connect-rate", 0, "connects a second (default: as fast as the broker takes them)")
	f.StringVarP(&b.name, "id", "i", "", "client identifier, a template: {{.Client}} is the number of the client, {{.Group}} of what it is one (default bench-{{.Run}}-{{.Group}}-{{.Client}}, where Run is\nanother in each process; without it with --keep-session)")
	f.Lookup("username").Usage = "user name, a template as -i (default $MQTT_USERNAME, which is none)"
	b.bindWill(f)
	f.Lookup("will-topic").Usage = "topic of the will of each client, a template, which the broker publishes when the connection breaks"
	f.Lookup("will-payload").Usage = "message of the will, a template (default: an empty one)"
	f.BoolVar(&b.keep, "keep-session", false, "have the broker keep the sessions; in MQTT 5 for as long as -x says")
	f.StringVarP(&b.expiry, "session-expiry-interval", "x", "", "seconds for which the broker keeps the session in MQTT 5; -1: for ever")
	f.DurationVar(&b.length, "duration", 10*time.Second, "how long the load lasts; with -C not given, until all is published")
	f.DurationVar(&b.warmup, "warmup", 0, "the first part of --duration, whose messages do not count")
	f.DurationVar(&b.drain, "drain", 10*time.Second, "longest wait at the end for messages that are still under way")
	if !m.publishes && !m.subscribes {
		return
	}
	f.StringVarP(&b.topic, "topic", "t", "", "topic, a template: {{.Client}} is the number of the client, {{.TopicNumber}} that of the topic; of sub a filter")
	f.Int64VarP(&b.qos, "qos", "q", 0, "quality of service: 0, 1 or 2")
	if m.subscribes {
		f.DurationVar(&b.work, "work", 0, "how long a subscriber takes for each message, as an application would")
		f.StringVar(&b.share, "share", "", "name of the group of a shared subscription (default bench)")
	}
	if m.publishes {
		b.bindPublish(f)
	}
}

func (b *bench) bindPublish(f *pflag.FlagSet) {
	f.Float64Var(&b.rate, "rate", 0, "messages a second of all publishers together, kept whatever the broker does\n(default: as fast as -M allows)")
	f.Int64VarP(&b.inFlight, "max-inflight", "M", 100, "messages of QoS 1 and 2 of a client that are under way at once, without --rate")
	f.Int64VarP(&b.count, "count", "C", 0, "messages of each publisher (default: as many as --duration takes)")
	f.Int64Var(&b.topics, "topics", 1, "topics of each publisher, in turn")
	f.StringVarP(&b.message, "message", "m", "", "publish this, a template as in pub; {{.N}} is the number of the message")
	f.StringVar(&b.size, "size", "64", "publish so many bytes, also as 10k or 1M")
	f.BoolVarP(&b.retain, "retain", "r", false, "have the broker keep the messages for later subscribers")
}

// prepare completes the options of connecting, and takes a URL off args.
func (b *bench) prepare(a *app, cmd *cobra.Command, args *[]string) error {
	b.idPrefix = "bench" // no client has it: the scenario names them
	rest, err := b.complete(a, cmd, *args)
	*args = rest
	if err != nil {
		return err
	}
	return b.checkWays(cmd)
}

// scenarioOptions checks the options of a mode.
func (b *bench) scenarioOptions(cmd *cobra.Command) (scenario.Options, error) {
	name, given := nameOf(cmd), cmd.Flags().Changed
	size := 0
	if b.mode.publishes {
		var err error
		if size, err = parseSize(name, b.size); err != nil {
			return scenario.Options{}, err
		}
	}
	if err := cmp.Or(b.checkTopic(name, given), b.checkNumbers(name), b.checkTimes(name, given)); err != nil {
		return scenario.Options{}, err
	}
	length, user := b.length, ""
	if given("count") && !given("duration") {
		length = 0
	}
	if given("username") {
		user = b.username
	}
	return scenario.Options{
		Clients: int(b.clients), First: int(b.first), Others: int(b.others), ConnectRate: b.connectRate, ClientID: b.name,
		Username: user, Will: b.willTemplate(),
		Rate: b.rate, InFlight: int(b.inFlight), Count: int(b.count), Duration: length, Warmup: b.warmup, Drain: b.drain,
		Topic: b.topic, Topics: int(b.topics), Payload: b.message, Size: size, QoS: byte(b.qos), Retain: b.retain,
		Share: b.share, Work: b.work, KeepSession: b.keep, Seed: b.seed,
	}, nil
}

// checkTopic refuses an empty topic, such as that of a variable of the shell that is not set: it would be taken for none.
func (b *bench) checkTopic(name string, given func(option string) bool) error {
	if given("topic") && b.topic == "" {
		return usagef("%s: -t is empty; give a topic, or leave it out", name)
	}
	return nil
}

// checkNumbers checks what is counted.
func (b *bench) checkNumbers(name string) error {
	for _, n := range []struct {
		counts      bool
		option      string
		value       int64
		least, most int64
	}{
		{true, "-c", b.clients, 1, 1_000_000},
		{b.mode.others != "", "--" + b.mode.others, b.others, 1, 1_000_000},
		{true, "--first", b.first, 0, math.MaxInt32},
		{b.mode.publishes, "-M", b.inFlight, 1, math.MaxUint16},
		{b.mode.publishes, "--topics", b.topics, 1, 1_000_000},
	} {
		if n.counts && (n.value < n.least || n.value > n.most) {
			return usagef("%s: %s %d is not between %d and %d", name, n.option, n.value, n.least, n.most)
		}
	}
	return nil
}

// checkTimes checks times and rates, and what excludes something else.
func (b *bench) checkTimes(name string, given func(option string) bool) error {
	for option, rate := range map[string]float64{"rate": b.rate, "connect-rate": b.connectRate} {
		if given(option) && !(rate > 0 && rate <= 1e9) { // which NaN is not
			return usagef("%s: --%s %v is not more than 0 and at most 1e9 a second", name, option, rate)
		}
	}
	switch {
	case given("duration") && b.length <= 0:
		return usagef("%s: --duration %v is not positive", name, b.length)
	case given("size") && given("message"):
		return usagef("%s: --size and -m are both the message; leave out one of them", name)
	case min(b.warmup, b.drain, b.work) < 0:
		return usagef("%s: --warmup, --drain and --work cannot be negative", name)
	case b.warmup == 0:
		return nil
	case given("count") && !given("duration"):
		return usagef("%s: --warmup needs --duration", name)
	case b.warmup >= b.length:
		return usagef("%s: --warmup %v is not shorter than --duration %v", name, b.warmup, b.length)
	}
	return nil
}

// parseSize reads a number of bytes with the units of memory.
func parseSize(command, text string) (int, error) {
	number, shift := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(text), "b"), "i"), 0
	for unit, bits := range map[string]int{"k": 10, "m": 20} {
		if digits, found := strings.CutSuffix(number, unit); found {
			number, shift = digits, bits
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || n < 0 || n<<shift > feed.MaxPayload {
		return 0, usagef("%s: --size %q is not between 0 and %d bytes, such as 100, 10k or 1M", command, text, feed.MaxPayload)
	}
	return int(n << shift), nil
}
