package cli

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/publish"
)

// options checks the options that say how messages are published.
func (p *pub) options(cmd *cobra.Command) (publish.Options, error) {
	o := publish.Options{InFlight: int(p.inFlight), Rate: p.rate, KeepGoing: p.keepGoing, Drain: goodbye}
	given := cmd.Flags().Changed
	err := p.checkRepeat(given)
	switch {
	case err != nil:
	case given("rate") && !(p.rate > 0 && p.rate <= math.MaxInt32): // which NaN is not
		err = usagef("pub: --rate %v is not more than 0", p.rate)
	case p.inFlight < 1 || p.inFlight > math.MaxUint16:
		err = usagef("pub: -M %d is not between 1 and 65535", p.inFlight)
	case p.matching && p.qos == 0 && !(p.format != nil && p.format.HasQoS()):
		err = usagef("pub: --matching needs -q 1 or -q 2: at QoS 0 the broker does not answer")
	}
	if err != nil {
		return o, err
	}
	if given("repeat-delay") {
		if o.Pause, err = p.duration("repeat-delay", p.repeatDelay); err != nil {
			return o, err
		}
		o.OneByOne = true
	}
	return o, nil
}

// checkRepeat checks --repeat and --repeat-delay.
func (p *pub) checkRepeat(given func(option string) bool) error {
	switch {
	case p.repeat < 1 || p.repeat > math.MaxInt32:
		return usagef("pub: --repeat %d is not between 1 and 2147483647", p.repeat)
	case given("repeat") && p.reads():
		return usagef("pub: --repeat is for one message, and with lines there are as many as stdin has")
	case given("repeat-delay") && !given("repeat"):
		return usagef("pub: --repeat-delay needs --repeat")
	}
	return nil
}

// duration reads a number of seconds, whole or not, or a duration with a unit.
func (p *pub) duration(option, text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if seconds, number := strconv.ParseFloat(text, 64); number == nil {
		d, err = time.Duration(seconds*float64(time.Second)), nil
		if !(seconds >= 0 && seconds <= math.MaxUint32) {
			d = -1
		}
	}
	if err != nil || d < 0 {
		return 0, usagef("pub: --%s %q is not a number of seconds, or a duration such as 1.5s or 2m", option, text)
	}
	return d, nil
}

// bytes reads --size.
func (p *pub) bytes() (int, error) { return parseSize("pub", p.size) }

// indented puts the lines of a text a little to the right.
func indented(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
