package cli

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"dunlin/mqtt"
)

// lasting says how a command that a person leaves running goes on when its connection is lost.
type lasting struct {
	reconnect      bool // it does go on
	once           bool // it does not
	asked          string
	first, longest time.Duration
	attempts       int  // in a row; 0: as many as it takes
	evenTheFirst   bool // the first connection may fail, too
	outlives       bool // the session outlives a connection that is lost; outlive says when
}

// bindReconnect adds the options of a command that a person leaves running. With them connect goes on when
// the connection is lost, and says so on stderr, unless the options or stayOnce say otherwise.
func (s *session) bindReconnect(cmd *cobra.Command) {
	l := &s.lasting
	f := cmd.Flags()
	f.StringVar(&l.asked, "reconnect", "auto", "what to do when the connection is lost: auto, never, always, or how often to try in a row;\nauto and a number: not when the first one fails")
	f.Lookup("reconnect").NoOptDefVal = "always"
	f.BoolVar(&l.once, "once", false, "end when the connection is lost, as --reconnect=never")
	f.DurationVar(&l.first, "min-backoff", time.Second, "longest wait before the first attempt to reconnect; it doubles with each, and\nbegins anew after a connection of 30 s")
	f.DurationVar(&l.longest, "max-backoff", time.Minute, "longest wait between attempts to reconnect")
	l.reconnect = true
}

// stayOnce has a command that could reconnect not do so in this run, as pub without -l, unless the options
// ask for it. It is called after complete and before connect.
func (s *session) stayOnce() {
	if s.asked == "auto" {
		s.reconnect, s.once = false, true
	}
}

// complete checks the options.
func (l *lasting) complete(cmd *cobra.Command) error {
	if cmd.Flags().Lookup("reconnect") == nil {
		return nil
	}
	if l.once && cmd.Flags().Changed("reconnect") && l.asked != "never" {
		return usagef("%s: --once and --reconnect=%s are opposites", nameOf(cmd), l.asked)
	}
	switch l.asked {
	case "auto":
	case "never":
		l.once = true
	case "always":
		l.evenTheFirst = true
	default:
		n, err := strconv.ParseInt(l.asked, 10, 32)
		if err != nil || n < 1 {
			return usagef("%s: --reconnect=%s is not auto, never, always or a number of attempts", nameOf(cmd), l.asked)
		}
		l.attempts = int(n)
	}
	l.reconnect = !l.once
	return l.completeWaits(cmd)
}

// completeWaits checks how long is waited. Where one of the two is given, the default of the other gives way.
func (l *lasting) completeWaits(cmd *cobra.Command) error {
	switch first, longest := cmd.Flags().Changed("min-backoff"), cmd.Flags().Changed("max-backoff"); {
	case longest && !first:
		l.first = min(l.first, l.longest)
	case first && !longest:
		l.longest = max(l.longest, l.first)
	}
	if l.first <= 0 || l.longest < l.first {
		return usagef("%s: --min-backoff %v and --max-backoff %v: the first is to be above 0, and not above the second", nameOf(cmd), l.first, l.longest)
	}
	return nil
}

// policy returns what mqtt.Config takes.
func (l *lasting) policy() *mqtt.Reconnect {
	return &mqtt.Reconnect{MinDelay: l.first, MaxDelay: l.longest, Background: l.evenTheFirst}
}

// tell has the callbacks of cfg say on stderr what becomes of the connection, and give up after as many
// attempts in a row as the options say. The callbacks come one at a time.
func (s *session) tell(a *app, cfg *mqtt.Config) {
	connected, lost, retry := cfg.OnConnect, cfg.OnDisconnect, cfg.OnRetry
	before, number := false, 0
	var failed atomic.Int64
	cfg.OnConnect = func(c *mqtt.Client) {
		if before {
			a.note("connected again")
		}
		before, number = true, 0
		failed.Store(0)
		if connected != nil {
			connected(c)
		}
	}
	cfg.OnDisconnect = func(reason error) {
		a.note("connection lost: %v", reason)
		if lost != nil {
			lost(reason)
		}
	}
	cfg.OnRetry = func(r mqtt.Retry) {
		if !before || number > 0 { // else the loss has been told
			a.note("no connection: %v", r.Err)
		}
		number++
		a.note("trying again in %s", roundDelay(r.Delay))
		if retry != nil {
			retry(r)
		}
	}
	s.limitAttempts(cfg.Reconnect, &failed)
}

// limitAttempts has r give up after as many attempts in a row as the options say; failed counts them.
func (s *session) limitAttempts(r *mqtt.Reconnect, failed *atomic.Int64) {
	if s.attempts == 0 {
		return
	}
	gives := r.GiveUp
	if gives == nil {
		gives = mqtt.IsPermanent
	}
	// It is asked after each connection or attempt that failed, on the goroutine that makes the next one.
	r.GiveUp = func(err error) bool { return failed.Add(1) > int64(s.attempts) || gives(err) }
}

// roundDelay shows a wait as a person reads it.
func roundDelay(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}
