// Package soak publishes and receives for a long time while links live for about
// a second, end in every way, and the server is killed again and again. It watches
// whether anything is lost, comes twice, is never acknowledged, or grows.
package soak

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/faultlab/internal/clients"
	"dunlin/faultlab/internal/lab"
	"dunlin/faultlab/internal/ledger"
	"dunlin/faultlab/internal/peer"
)

const (
	about = "publish and receive for long while links live about a second and the server is killed"
	topic = "soak/messages"
	// shortestLife and longestLife are of a link.
	shortestLife = 500 * time.Millisecond
	longestLife  = 1500 * time.Millisecond
	// away is how long the server stays away when it was killed.
	away = time.Second
	// The names of the clients, as the server knows them.
	publisherID  = "soak-publisher"
	subscriberID = "soak-subscriber"
	// settle is how long nothing may move at the end before it counts as the end.
	settle = 500 * time.Millisecond
)

type options struct {
	client    string
	broker    string
	version   byte
	seconds   int
	rate      int
	killEvery time.Duration
	drain     time.Duration
	ways      []peer.Way    // in which the peer ends links
	renumber  bool          // the peer numbers anew when a session goes on
	handling  time.Duration // how long the subscriber's handler takes
	seed      uint64
}

// Run is the program.
func Run(ctx context.Context, args []string, out, progress io.Writer) (exit int) {
	o, exit, done := parse(args)
	if done {
		return exit
	}
	result := lab.NewResult("soak", o.seed, map[string]any{
		"client": o.client, "broker": o.broker, "version": o.version, "seconds": o.seconds, "rate": o.rate, "kill_every": o.killEvery.String(),
		"ends": o.ways, "renumber": o.renumber, "handling": o.handling.String(),
	})
	return (&soak{options: o, result: result, progress: progress, open: clients.Start}).soak(ctx, out)
}

func (s *soak) soak(ctx context.Context, out io.Writer) (exit int) {
	s.sent, s.routed = ledger.New(), ledger.New()
	if err := s.run(ctx); err != nil {
		s.result.Fail("%v", err)
	}
	lab.Done(s.progress)
	return s.result.End(out)
}

func parse(args []string) (o options, exit int, done bool) {
	flags, seed := lab.Flags("soak", about)
	flags.StringVar(&o.client, "client", "dunlin", "the client: "+clients.Names())
	flags.IntVar(&o.seconds, "seconds", 30, "how long")
	flags.IntVar(&o.rate, "rate", 1000, "messages a second, QoS 0, 1 and 2 by turns")
	flags.DurationVar(&o.killEvery, "kill-every", time.Minute, "how often the server is killed; shortened to a third of the whole")
	flags.DurationVar(&o.drain, "drain", time.Minute, "how long the end may take without any progress")
	flags.StringVar(&o.broker, "broker", brokerPeer, "the server: peer, which is durable and exact, or mosquitto, whose losses are counted and do not fail the program")
	ends := flags.String("ends", "close,reset,disconnect,malformed,refuse,swallow", "the ways in which the peer ends links, separated by commas")
	flags.BoolVar(&o.renumber, "renumber", false, "the peer numbers what is not acknowledged anew when a session goes on, and grants QoS 1 at most")
	flags.DurationVar(&o.handling, "handling", 0, "how long the subscriber's handler takes for each message")
	version := flags.Int("version", 0, "3 (MQTT 3.1.1) or 5; default: the newest that the client knows")
	if exit, done = lab.Parse(flags, seed, args); done {
		return o, exit, true
	}
	o.seed = *seed
	versions := clients.Versions(o.client)
	switch {
	case o.broker != brokerPeer && o.broker != brokerMosquitto:
		return o, lab.Misused(flags, "-broker is peer or mosquitto"), true
	case len(versions) == 0:
		return o, lab.Misused(flags, "there is no client %q", o.client), true
	case *version == 0:
		*version = int(slices.Max(versions))
	case !slices.Contains(versions, byte(*version)):
		return o, lab.Misused(flags, "-version %d: %s knows %v", *version, o.client, versions), true
	}
	var err error
	if o.ways, err = peer.ParseWays(lab.Fields(*ends)); err != nil {
		return o, lab.Misused(flags, "-ends: %v", err), true
	}
	if o.seconds < 1 || o.rate < 1 || o.killEvery <= 0 {
		return o, lab.Misused(flags, "-seconds, -rate and -kill-every are positive"), true
	}
	o.version = byte(*version)
	o.killEvery = min(o.killEvery, time.Duration(o.seconds)*time.Second/3)
	return o, exit, false
}

// soak is one run. There are two ways to account for: from the publisher to the
// server, and from the server to the subscriber.
type soak struct {
	options
	open     func(ctx context.Context, name string, o clients.Options) (clients.Client, error)
	result   *lab.Result
	progress io.Writer
	server   broker
	sent     *ledger.Ledger // publisher to server, QoS 1 and 2
	routed   *ledger.Ledger // server to subscriber, QoS 1 and 2
	moved    atomic.Int64   // how often something went on so far; that a message comes again is nothing

	offline, begun, ended, failed atomic.Int64 // publishes
	zeroSent, zeroCame            atomic.Int64 // QoS 0
	wrong, refused                atomic.Int64
	unseen                        atomic.Int64 // messages that the subscriber acknowledged before its handler had returned
	kills, probed                 atomic.Int64
	failure, refusal              sync.Once
}

func (s *soak) run(ctx context.Context) (err error) {
	goroutines := runtime.NumGoroutine()
	s.sent.Reserve(0, s.seconds*s.rate)
	s.routed.Reserve(0, s.seconds*s.rate)
	if s.server, err = s.startBroker(ctx); err != nil {
		return err
	}
	defer s.server.Close()
	subscriber, err := s.start(ctx, subscriberID, "soak/#")
	if err != nil {
		return err
	}
	publisher, err := s.start(ctx, publisherID, "")
	if err != nil {
		return err
	}
	if err := s.awaitSubscription(ctx, publisher); err != nil {
		return err
	}
	flat := s.publishAll(ctx, publisher)
	s.awaitQuiet(ctx)
	stuck := s.stuck()
	for _, c := range []clients.Client{publisher, subscriber} {
		closing, cancel := context.WithTimeout(ctx, 10*time.Second)
		if err := c.Close(closing); err != nil {
			s.result.Fail("close: %v", err)
		}
		cancel()
	}
	s.judge(stuck)
	flat.judge(s.result)
	s.server.Close()
	s.judgeGoroutines(goroutines)
	return ctx.Err()
}

func life(r *rand.Rand) time.Duration {
	return shortestLife + time.Duration(r.Int64N(int64(longestLife-shortestLife)))
}

func (s *soak) start(ctx context.Context, id, filter string) (clients.Client, error) {
	return s.open(ctx, s.client, clients.Options{
		ID: id, Address: s.server.Addr(), Version: s.version, Filter: filter,
		MinDelay: 10 * time.Millisecond, MaxDelay: 200 * time.Millisecond,
		Message: s.message,
	})
}

// probes is the stream of the messages that try whether the subscriber is there.
const probes = 1

// awaitSubscription publishes until the first message has come through.
func (s *soak) awaitSubscription(ctx context.Context, publisher clients.Client) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for index := uint32(0); s.probed.Load() == 0; index++ {
		payload := ledger.AppendPayload(nil, ledger.NewNumber(probes, index))
		_ = publisher.Publish(topic, 1, payload, func(error) {}) // what came says
		select {
		case <-tick.C:
		case <-late:
			return errors.New("no message came through within 30 s")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// received is called by the server with each message of the publisher, which it
// then owes to the subscriber.
func (s *soak) received(_ string, m *peer.Message) {
	s.moved.Add(1)
	if n, ok := ledger.ParsePayload(m.Payload); ok && (n.Stream() == probes || m.QoS == 0) {
		return
	}
	if n, ok := s.sent.ArrivePayload(m.Payload, m.QoS == 2); ok {
		s.routed.Accept(n)
	}
}

// message is called by the subscriber.
func (s *soak) message(qos byte, payload []byte) {
	n, ok := ledger.ParsePayload(payload)
	if ok && n.Stream() == probes {
		s.probed.Add(1)
		return
	}
	if !ok || qos == 0 || !s.routed.Arrived(n) {
		s.moved.Add(1)
	}
	if s.handling > 0 {
		<-time.After(s.handling)
	}
	if qos > 0 {
		s.routed.ArrivePayload(payload, qos == 2)
		return
	}
	s.zeroCame.Add(1)
	if !ok {
		s.wrong.Add(1)
	}
}

// acknowledged is called by the server with each message that a client has acknowledged.
func (s *soak) acknowledged(client string, m *peer.Message) {
	s.moved.Add(1)
	n, ok := ledger.ParsePayload(m.Payload)
	if ok && client == subscriberID && n.Stream() != probes && !s.routed.Arrived(n) {
		s.unseen.Add(1)
	}
}

// publishAll publishes for the time asked for, kills the server now and then, and
// watches what the process needs.
func (s *soak) publishAll(ctx context.Context, publisher clients.Client) *flat {
	const step = 10 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	total := s.seconds * s.rate
	begin := time.Now()
	flat := newFlat(time.Duration(s.seconds) * time.Second)
	back, nextKill := time.Time{}, begin.Add(s.killEvery)
	for index := 0; index < total; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return flat
		}
		now := time.Now()
		due := min(total, int(now.Sub(begin).Seconds()*float64(s.rate)))
		for ; index < due; index++ {
			s.publish(publisher, uint32(index))
		}
		if now.After(nextKill) {
			s.server.Down()
			s.kills.Add(1)
			back, nextKill = now.Add(away), nextKill.Add(s.killEvery)
		}
		if !back.IsZero() && now.After(back) {
			back = time.Time{}
			s.up()
		}
		if flat.sample(now.Sub(begin)) {
			s.show(index, total)
		}
	}
	s.up()
	return flat
}

func (s *soak) up() {
	if err := s.server.Up(); err != nil {
		s.result.Fail("the server did not come back: %v", err)
	}
}

func (s *soak) publish(c clients.Client, index uint32) {
	n := ledger.NewNumber(0, index)
	qos := byte(index % 3)
	err := c.Publish(topic, qos, ledger.AppendPayload(nil, n), func(err error) {
		s.ended.Add(1)
		if err != nil && qos > 0 {
			s.failed.Add(1)
			s.failure.Do(func() { s.result.Fail("the first publish that failed: %v", err) })
		}
	})
	if err != nil {
		s.offline.Add(1)
		if qos > 0 && clients.Parks(s.client) {
			s.refused.Add(1)
			s.refusal.Do(func() { s.result.Fail("the first message that was refused: %v", err) })
		}
		return
	}
	s.begun.Add(1)
	if qos == 0 {
		s.zeroSent.Add(1)
		return
	}
	if s.server.Witness() {
		s.sent.Accept(n)
	} else {
		s.routed.Accept(n)
	}
}

func (s *soak) show(index, total int) {
	sent, routed := s.sent.Counts(), s.routed.Counts()
	lab.Show(s.progress, "soak: %d of %d messages, %d under way, %d and %d duplicated, %d kills, %d drops",
		index, total, sent.Lost+routed.Lost, sent.Duplicated, routed.Duplicated, s.kills.Load(), s.server.Counts().Drops)
}

// awaitQuiet waits until all that was accepted has arrived and nothing moves, or
// until nothing moved for the time allowed.
func (s *soak) awaitQuiet(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	last, moved := int64(-1), time.Now()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if now := s.moved.Load(); now != last {
			last, moved = now, time.Now()
		}
		quiet := time.Since(moved)
		open := s.sent.Counts().Lost + s.routed.Counts().Lost + s.server.Open()
		if open == 0 && s.begun.Load() == s.ended.Load() && quiet > settle || quiet > s.drain {
			return
		}
	}
}
