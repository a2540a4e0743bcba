package broker

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Fault is what the broker does wrong on purpose, so that a client can be tested against
// it. The zero value is no fault at all.
type Fault struct {
	// Drop is the share of PUBLISH packets that vanish, from 0 to 1, in each direction. A
	// message of QoS 0 is lost by that. One of QoS 1 or 2 stays unanswered, and comes again
	// on the next connection of its session: together with Kick nothing of it may be lost.
	// Other packets never vanish: over TCP no client could make up for them.
	Drop float64
	// Delay is how much later each packet reaches the client, and DelayMax, where it is
	// longer, the most: then each packet has a random delay between them. The order stays.
	Delay, DelayMax time.Duration
	// Kick cuts each connection, without a word, after a random time between half of it and
	// one and a half of it.
	Kick time.Duration
	// Refuse is the share of connection attempts, from 0 to 1, that are answered with "server
	// unavailable".
	Refuse float64
	// Seed makes chance repeatable: connections that come in the same order and do the same
	// meet the same faults. 0 takes another seed for each broker, which Broker.Fault tells.
	Seed uint64
}

// FaultCounts says how often a broker did something wrong on purpose.
type FaultCounts struct {
	Dropped int64 // PUBLISH packets
	Delayed int64 // packets of any kind
	Kicked  int64 // connections
	Refused int64 // connection attempts
}

// maxFaultTime bounds the times of a Fault.
const maxFaultTime = 24 * time.Hour

// faultForm is what ParseFault takes, for its errors.
const faultForm = "write drop=1%,delay=50ms,delay=10ms-200ms,kick=30s,refuse=10%,seed=7"

// ParseFault reads faults as NAME=VALUE, separated by commas: drop and refuse are shares
// as 1%, delay a time as 50ms or a range as 10ms-200ms, kick a time, seed a whole
// number. A name may be given once.
func ParseFault(text string) (Fault, error) {
	var f Fault
	seen := make(map[string]bool)
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return Fault{}, fmt.Errorf("fault %q is not NAME=VALUE; %s", part, faultForm)
		}
		if seen[name] {
			return Fault{}, fmt.Errorf("fault %s is given twice", name)
		}
		seen[name] = true
		if err := f.set(name, value); err != nil {
			return Fault{}, err
		}
	}
	return f, f.check()
}

// set reads one value.
func (f *Fault) set(name, value string) (err error) {
	switch name {
	case "drop":
		f.Drop, err = parseShare(value)
	case "refuse":
		f.Refuse, err = parseShare(value)
	case "delay":
		least, most, ranged := strings.Cut(value, "-")
		if f.Delay, err = time.ParseDuration(least); err == nil && ranged {
			f.DelayMax, err = time.ParseDuration(most)
		}
		if err == nil && ranged && f.DelayMax < f.Delay {
			return fmt.Errorf("fault delay=%s ends before it begins", value)
		}
	case "kick":
		if f.Kick, err = time.ParseDuration(value); err == nil && f.Kick <= 0 {
			return fmt.Errorf("fault kick=%s is not a positive time", value)
		}
	case "seed":
		f.Seed, err = strconv.ParseUint(value, 10, 64)
	default:
		return fmt.Errorf("fault %q is not known; it is drop, delay, kick, refuse or seed", name)
	}
	return unreadable(name, value, err)
}

// unreadable says why a value cannot be read, if err is why.
func unreadable(name, value string, err error) error {
	switch {
	case errors.Is(err, errNoPercent):
		return fmt.Errorf("fault %s=%s is a number without %%; one in a hundred is %s=1%%", name, value, name)
	case err != nil:
		return fmt.Errorf("fault %s=%s cannot be read; %s", name, value, faultForm)
	}
	return nil
}

// errNoPercent is why a bare number is no share: 1 could be all of them or one in a hundred.
var errNoPercent = errors.New("a share needs a %")

// parseShare reads 1%.
func parseShare(text string) (float64, error) {
	digits, percent := strings.CutSuffix(text, "%")
	share, err := strconv.ParseFloat(digits, 64)
	if err == nil && !percent {
		return 0, errNoPercent
	}
	return share / 100, err
}

// check tells what a broker cannot do.
func (f *Fault) check() error {
	for name, share := range map[string]float64{"drop": f.Drop, "refuse": f.Refuse} {
		if math.IsNaN(share) || share < 0 || share > 1 {
			return fmt.Errorf("fault %s is not a share between 0 and 100%%", name)
		}
	}
	for name, d := range map[string]time.Duration{"delay": max(f.Delay, f.DelayMax), "kick": f.Kick} {
		if d > maxFaultTime {
			return fmt.Errorf("fault %s=%v is longer than %v", name, d, maxFaultTime)
		}
	}
	if f.Delay < 0 || f.DelayMax < 0 || f.Kick < 0 {
		return errors.New("fault: a time is negative")
	}
	return nil
}

// String returns the faults as ParseFault takes them; "" for none.
func (f Fault) String() string {
	var parts []string
	add := func(on bool, name, value string) {
		if on {
			parts = append(parts, name+"="+value)
		}
	}
	add(f.Drop > 0, "drop", percent(f.Drop))
	if f.DelayMax > f.Delay {
		add(true, "delay", f.Delay.String()+"-"+f.DelayMax.String())
	} else {
		add(f.Delay > 0, "delay", f.Delay.String())
	}
	add(f.Kick > 0, "kick", f.Kick.String())
	add(f.Refuse > 0, "refuse", percent(f.Refuse))
	add(f.Seed > 0, "seed", strconv.FormatUint(f.Seed, 10))
	return strings.Join(parts, ",")
}

func percent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e8)/1e6, 'f', -1, 64) + "%"
}

// active tells whether anything goes wrong.
func (f *Fault) active() bool {
	return f.Drop > 0 || f.Delay > 0 || f.DelayMax > 0 || f.Kick > 0 || f.Refuse > 0
}

// delay returns how much later a packet comes.
func (f *Fault) delay(chance *rand.Rand) time.Duration {
	if f.DelayMax <= f.Delay {
		return f.Delay
	}
	return f.Delay + time.Duration(chance.Int64N(int64(f.DelayMax-f.Delay)+1))
}
