package mosquittocli

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"dunlin/internal/format"
	"dunlin/mqtt"
)

// integer reads a number as C's strtol does: spaces and a sign in front, digits as far as they go, and 0 where there are
// none. rest is what follows.
func integer(s string) (n int64, rest string) {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	number := decimalNumber().FindString(s)
	n, _ = strconv.ParseInt(number, 10, 64) // too large a number comes out as the largest
	return n, s[len(number):]
}

// anyInteger does so with numbers that begin with 0x, which are hexadecimal, or with 0, which are octal.
func anyInteger(s string) (n int64, rest string) {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	number := anyNumber().FindString(s)
	n, _ = strconv.ParseInt(number, 0, 64) // as above
	return n, s[len(number):]
}

// What C's library reads as a number, each as far as it goes.
var (
	decimalNumber = onDemand(`^[-+]?[0-9]+`)
	anyNumber     = onDemand(`^[-+]?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)`)
	hexFraction   = onDemand(`^[-+]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)([pP][-+]?[0-9]+)?`)
	anyFraction   = onDemand(`^[-+]?((?i:infinity|inf|nan)|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?)`)
)

// onDemand compiles an expression when it is first needed: every call of the command would wait for it otherwise.
func onDemand(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// small reads a number as C's atoi does: of a number with more than 32 bits it keeps the lower ones.
func small(s string) int {
	n, _ := integer(s)
	return int(int32(n)) //nolint:gosec // that is what atoi does
}

// fraction reads a number as C's atof does; 0 where there is none.
func fraction(s string) float64 {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	number := hexFraction().FindString(s)
	if number == "" {
		number = anyFraction().FindString(s)
	} else if !strings.ContainsAny(number, "pP") {
		number += "p0" // which Go wants and C does not
	}
	f, _ := strconv.ParseFloat(number, 64) // too large a number comes out as infinite
	return f
}

func (p *parser) setPort(v []string) error {
	p.port = small(v[0])
	if p.port < 0 || p.port > 65535 {
		return misuse("Error: Invalid port given: " + strconv.Itoa(p.port) + "\n")
	}
	return nil
}

func (p *parser) setHost(v []string) error {
	p.host, p.hasHost = v[0], true
	return nil
}

func (p *parser) setCAFile(v []string) error {
	p.tls.cafile, p.tls.hasCAFile = v[0], true
	return nil
}

func (p *parser) setVersion(v []string) error {
	switch v[0] {
	case "31", "mqttv31":
		p.version = mqtt.V31
	case "311", "mqttv311":
		p.version = mqtt.V311
	case "5", "mqttv5":
		p.version = mqtt.V5
	default:
		return misuse("Error: Invalid protocol version argument given.\n\n")
	}
	return nil
}

const bothIDs = misuse("Error: -i and -I argument cannot be used together.\n\n")

func (p *parser) setID(v []string) error {
	if p.hasPrefix {
		return bothIDs
	}
	p.id, p.hasID = v[0], true
	return nil
}

func (p *parser) setIDPrefix(v []string) error {
	if p.hasID {
		return bothIDs
	}
	p.idPrefix, p.hasPrefix = v[0], true
	return nil
}

func (p *parser) setUsername(v []string) error {
	p.username, p.hasUsername = v[0], true
	return nil
}

func (p *parser) setPassword(v []string) error {
	p.password, p.hasPassword = v[0], true
	return nil
}

func (p *parser) setKeepAlive(v []string) error {
	p.keepAlive = small(v[0])
	if p.keepAlive < 5 || p.keepAlive > 65535 {
		return misuse("Error: Invalid keepalive given, it must be between 5 and 65535 inclusive.\n\n")
	}
	return nil
}

func (p *parser) setExpiry(v []string) error {
	if v[0] == "∞" {
		p.expiry = math.MaxUint32
	} else {
		n, rest := anyInteger(v[0])
		if rest != "" || v[0] == "" {
			return misuse("Error: session-expiry-interval not a number.\n\n")
		}
		if n > math.MaxUint32 || n < -1 {
			return misuse("Error: session-expiry-interval out of range.\n\n")
		}
		p.expiry = n
		if n == -1 {
			p.expiry = math.MaxUint32
		}
	}
	p.version = mqtt.V5
	return nil
}

func (p *parser) setMaxInflight(v []string) error {
	p.maxInflight = small(v[0])
	if p.maxInflight < 1 {
		return misuse("Error: Maximum inflight messages must be greater than 0.\n\n")
	}
	return nil
}

func (p *parser) setWillTopic(v []string) error {
	if !wellFormed(v[0]) {
		return misuse("Error: Malformed UTF-8 in --will-topic argument.\n\n")
	}
	if !publishable(v[0]) {
		return misuse("Error: Invalid will topic '" + v[0] + "', does it contain '+' or '#'?\n")
	}
	p.will.topic, p.will.hasTopic = v[0], true
	return nil
}

func (p *parser) setWillPayload(v []string) error {
	p.will.payload, p.will.hasPayload = []byte(v[0]), true
	return nil
}

func (p *parser) setWillQoS(v []string) error {
	n := small(v[0])
	if n < 0 || n > 2 {
		return misuse("Error: Invalid will QoS " + strconv.Itoa(n) + ".\n\n")
	}
	p.will.qos = mqtt.QoS(n)
	return nil
}

func (p *parser) setQoS(v []string) error {
	n := small(v[0])
	if n < 0 || n > 2 {
		return misuse("Error: Invalid QoS given: " + strconv.Itoa(n) + "\n")
	}
	p.qos = mqtt.QoS(n)
	return nil
}

// wellFormed reports whether Mosquitto takes the text for UTF-8 that may be sent: not too long, without control
// characters and without the code points that are no characters.
func wellFormed(s string) bool {
	if len(s) > math.MaxUint16 {
		return false
	}
	for _, r := range s {
		switch {
		case r < 0x20, r >= 0x7f && r <= 0x9f, r >= 0xfdd0 && r <= 0xfdef, r&0xfffe == 0xfffe:
			return false
		}
	}
	return utf8.ValidString(s)
}

// publishable reports whether one can publish to the topic, as Mosquitto checks it.
func publishable(topic string) bool {
	return topic != "" && len(topic) <= math.MaxUint16 && !strings.ContainsAny(topic, "+#")
}

// subscribable reports whether one can subscribe to the filter, as Mosquitto checks it.
func subscribable(filter string) bool {
	if filter == "" || len(filter) > math.MaxUint16 {
		return false
	}
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		alone := level == "+" || level == "#" && i == len(levels)-1
		if strings.ContainsAny(level, "+#") && !alone {
			return false
		}
	}
	return true
}

func (p *parser) setTopic(v []string) error {
	if p.tool == toolSub {
		return p.addFilter(&p.topics, v[0], "-t", "subscription")
	}
	if !wellFormed(v[0]) {
		return misuse("Error: Malformed UTF-8 in -t argument.\n\n")
	}
	if !publishable(v[0]) {
		return misuse("Error: Invalid publish topic '" + v[0] + "', does it contain '+' or '#'?\n")
	}
	p.topics = []string{v[0]}
	return nil
}

// addFilter checks a filter and adds it to a list.
func (p *parser) addFilter(list *[]string, filter, option, kind string) error {
	if !wellFormed(filter) {
		return misuse("Error: Malformed UTF-8 in " + option + " argument.\n\n")
	}
	if !subscribable(filter) {
		return misuse("Error: Invalid " + kind + " topic '" + filter + "', are all '+' and '#' wildcards correct?\n")
	}
	*list = append(*list, filter)
	return nil
}

func (p *parser) setFilterOut(v []string) error {
	return p.addFilter(&p.filterOut, v[0], "-T", "filter")
}

func (p *parser) setUnsubscribe(v []string) error {
	return p.addFilter(&p.unsubscribe, v[0], "-U", "unsubscribe")
}

func (p *parser) setResponseTopic(v []string) error {
	if !wellFormed(v[0]) {
		return misuse("Error: Malformed UTF-8 in -e argument.\n\n")
	}
	if !publishable(v[0]) {
		return misuse("Error: Invalid response topic '" + v[0] + "', does it contain '+' or '#'?\n")
	}
	p.responseTopic = v[0]
	return nil
}

// setPayload notes where the payload comes from: there is one such place.
func (p *parser) setPayload(kind payloadKind) error {
	if p.payload != payloadNone {
		return misuse("Error: Only one type of message can be sent at once.\n\n")
	}
	p.payload = kind
	return nil
}

func (p *parser) setMessage(v []string) error {
	p.message = v[0]
	return p.setPayload(payloadArgument)
}

func (p *parser) setFile(v []string) error {
	p.file = v[0]
	return p.setPayload(payloadFile)
}

func (p *parser) setRepeat(v []string) error {
	p.repeat = small(v[0])
	if p.repeat < 1 {
		return misuse("Error: --repeat argument must be >0.\n\n")
	}
	return nil
}

func (p *parser) setRepeatDelay(v []string) error {
	seconds := fraction(v[0])
	if seconds < 0 {
		return misuse("Error: --repeat-delay argument must be >=0.0.\n\n")
	}
	// What is longer than a time.Duration can say is as long as that; not a number is no pause.
	p.repeatDelay = math.MaxInt64
	if seconds < float64(math.MaxInt64/time.Second) {
		p.repeatDelay = time.Duration(seconds * float64(time.Second))
	} else if math.IsNaN(seconds) {
		p.repeatDelay = 0
	}
	return nil
}

func (p *parser) setCount(v []string) error {
	p.count = small(v[0])
	if p.count < 1 {
		return misuse("Error: Invalid message count \"" + strconv.Itoa(p.count) + "\".\n\n")
	}
	return nil
}

func (p *parser) setTimeout(v []string) error {
	p.timeout = small(v[0])
	if p.timeout < 1 {
		return misuse("Error: Invalid timeout \"" + strconv.Itoa(p.timeout) + "\".\n\n")
	}
	return nil
}

func (p *parser) setFormat(v []string) error {
	if _, err := format.Parse(v[0]); err != nil {
		return misuse("Error: " + err.Error() + "\n")
	}
	p.format, p.hasFormat = v[0], true
	return nil
}

func (p *parser) setRandomFilter(v []string) error {
	chance := fraction(v[0])
	// The upper bound is ten times what the message says, in Mosquitto 2.1.2, too.
	if !(chance >= 0.1 && chance <= 1000) {
		return misuse("Error: --random-filter chance must be between 0.1-100.0\n\n")
	}
	p.randomFilter = int(chance * 100)
	return nil
}

func (p *parser) setRetainHandling(v []string) error {
	switch v[0] {
	case "always":
		p.retainHandling = mqtt.RetainedAlways
	case "new":
		p.retainHandling = mqtt.RetainedIfNew
	case "never":
		p.retainHandling = mqtt.RetainedNever
	default:
		return misuse("Error: Unknown value '" + v[0] + "' for --retain-handling.\n\n")
	}
	return nil
}
