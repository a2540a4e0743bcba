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
	servers        []string
	order          string
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
	f.StringArrayVar(&l.servers, "server", nil, "further broker of the same session, HOST[:PORT] or a URL, tried when the one before cannot be\nreached, also at the beginning; many times")
	f.StringVar(&l.order, "server-order", "turn", "order in which brokers are tried: turn, first (the others only while the first cannot be reached)\nor shuffled")
	l.reconnect = true
}

// stayOnce has a command that could reconnect not do so in this run, as pub without -l, unless the options
// ask for it, or name further brokers. It is called after complete and before connect.
func (s *session) stayOnce() {
	if s.asked == "auto" && len(s.servers) == 0 {
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
	if _, known := serverOrders[l.order]; !known {
		return usagef("%s: --server-order=%s is not turn, first or shuffled", nameOf(cmd), l.order)
	}
	if l.once && len(l.servers) > 0 {
		return usagef("%s: --server is for a command that connects again, and not for --once", nameOf(cmd))
	}
	return l.completeWaits(cmd)
}

// serverOrders are the words of --server-order.
var serverOrders = map[string]mqtt.ServerOrder{"turn": mqtt.ServersInTurn, "first": mqtt.ServersFirstFirst, "shuffled": mqtt.ServersShuffled}

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
	return &mqtt.Reconnect{
		MinDelay: l.first, MaxDelay: l.longest, Order: serverOrders[l.order],
		Background: l.evenTheFirst || len(l.servers) > 0, // so that the others are tried, too
	}
}

// tell has the callbacks of cfg say on stderr what becomes of the connection, and give up after as many
// attempts in a row as the options say. The callbacks come one at a time.
func (s *session) tell(a *app, cfg *mqtt.Config) {
	connected, lost, retry := cfg.OnConnect, cfg.OnDisconnect, cfg.OnRetry
	before, number := false, 0
	var (
		failed atomic.Int64
		once   atomic.Bool // there was a connection
	)
	cfg.OnConnect = func(c *mqtt.Client) {
		once.Store(true)
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
	s.limitAttempts(cfg.Reconnect, func() bool {
		n := failed.Add(1)
		if !s.evenTheFirst && !once.Load() { // with one broker Dial tells; of several each is tried
			return n > int64(len(s.servers))
		}
		return s.attempts > 0 && n > int64(s.attempts)
	})
}

// limitAttempts has r give up when enough says so, too. It is asked after each connection or attempt that failed, on
// the goroutine that makes the next one.
func (s *session) limitAttempts(r *mqtt.Reconnect, enough func() bool) {
	if s.attempts == 0 && len(s.servers) == 0 {
		return
	}
	gives := r.GiveUp
	if gives == nil {
		gives = mqtt.IsPermanent
	}
	r.GiveUp = func(err error) bool { return enough() || gives(err) }
}

// roundDelay shows a wait as a person reads it.
func roundDelay(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}
