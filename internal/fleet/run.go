package fleet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/mqtt"
)

// Options say where a fleet runs, and how.
type Options struct {
	URL string
	// Config is how each client reaches the server. Version is not VersionAuto; ClientID, Will, session and
	// callbacks are the devices'.
	Config mqtt.Config
	// Speed is how many simulated seconds go by in one; 0: 1.
	Speed float64
	// Check has a subscriber look at everything that the devices do.
	Check bool
	// OnBreak is told of each rule that is found broken, or recommendation not followed, one at a time; nil: nobody.
	OnBreak func(Break)
	// OnError is told of what else goes wrong, such as a server that refuses a device; nil: nobody. Any goroutine calls it.
	OnError func(error)
	// Progress is told of the figures twice a second; nil: nobody.
	Progress func(Progress)
}

// Progress is how a run stands.
type Progress struct {
	Elapsed time.Duration
	Devices int
	Online  int
	Count   func(Count) int64
}

// run is a fleet that runs.
type run struct {
	ctx       context.Context // of the devices; ends with the run
	options   Options
	scenario  *Scenario
	reconnect mqtt.Reconnect
	schedule  *schedule
	start     time.Time // simulated time at began
	began     time.Time
	counts    counters
	online    atomic.Int64
	cuts      atomic.Uint64
	refusals  atomic.Int64 // of devices
	holdups   atomic.Int64 // of devices

	rejections atomic.Int64 // of messages
	devices    []*device
	byBase     map[string]*device
	parts      []part
	working    sync.WaitGroup
}

// part is something that runs beside the devices: the service, the check, the edge nodes of Sparkplug.
type part interface {
	// stop begins the end: nothing new is begun.
	stop(ctx context.Context)
	// end is called when all devices are gone.
	end(ctx context.Context, r *Result)
}

// farewell is how long devices have to leave; many have eachFarewell more for each.
const (
	farewell     = 10 * time.Second
	eachFarewell = time.Millisecond
)

// Run simulates the fleet until its duration is over or ctx ends, and says what came of it. An error is of the
// server that cannot be reached, or refuses the service or the check; with it the result is of no use.
func Run(ctx context.Context, o Options, s Scenario) (Result, error) {
	if o.Speed <= 0 {
		o.Speed = 1
	}
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	r := &run{
		ctx: inner, options: o, scenario: &s, schedule: newSchedule(), start: s.Clock, began: time.Now(), byBase: map[string]*device{},
	}
	// Devices wait in simulated time, too; but the server is real, so that they do not come too soon at high speed.
	r.reconnect = mqtt.Reconnect{
		Background: true, MinDelay: max(r.real(time.Second), 100*time.Millisecond),
		MaxDelay: max(r.real(30*time.Second), 2*time.Second), Stable: max(r.real(10*time.Second), 500*time.Millisecond),
	}
	if r.start.IsZero() {
		r.start = r.began
	}
	if err := r.prepare(ctx); err != nil {
		return Result{}, err
	}
	r.switchOn()
	scheduled := make(chan struct{})
	looping, stopLoop := context.WithCancel(inner)
	defer stopLoop()
	go func() {
		defer close(scheduled)
		r.schedule.scheduleLoop(looping)
	}()
	r.wait(ctx)
	r.finish(func() {
		stopLoop()
		<-scheduled
	})
	return r.result(), nil
}

// prepare makes the devices, and what runs beside them.
func (r *run) prepare(ctx context.Context) error {
	for i := range r.scenario.Groups {
		g := &r.scenario.Groups[i]
		if g.Profile == Sparkplug {
			continue
		}
		m := newModel(g)
		for n := 1; n <= g.Count; n++ {
			d := r.newDevice(m, n)
			r.devices = append(r.devices, d)
			r.byBase[d.base] = d
		}
	}
	for _, begin := range []func(context.Context) (part, error){r.startCheck, r.startService, r.startEdgeNodes} {
		p, err := begin(ctx)
		if err != nil {
			r.endParts()
			return err
		}
		if p != nil {
			r.parts = append(r.parts, p)
		}
	}
	return nil
}

// switchOn has the devices connect, spread over the ramp.
func (r *run) switchOn() {
	for i, d := range r.devices {
		after := time.Duration(float64(r.scenario.Ramp) * float64(i) / float64(len(r.devices)))
		r.schedule.add(task{at: r.began.Add(after), actor: d, do: doConnect})
	}
}

// wait returns when the time is over or ctx ends.
func (r *run) wait(ctx context.Context) {
	var over <-chan time.Time
	if r.scenario.Duration > 0 {
		timer := time.NewTimer(r.real(r.scenario.Duration))
		defer timer.Stop()
		over = timer.C
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-over:
			return
		case <-tick.C:
			if r.options.Progress != nil {
				r.options.Progress(Progress{
					Elapsed: time.Since(r.began), Devices: r.scenario.Devices(), Online: int(r.online.Load()),
					Count: func(c Count) int64 { return r.counts[c].Load() },
				})
			}
		}
	}
}

// finish lets what is under way come to its end, and ends everything.
func (r *run) finish(stopSchedule func()) {
	ctx, cancel := r.patience()
	defer cancel()
	for _, p := range r.parts {
		p.stop(ctx)
	}
	r.schedule.stop()
	stopSchedule()
	r.working.Wait() // who was about to sleep
	// Where the server is gone nobody waits for it for each device anew.
	leaving, over := context.WithTimeout(r.ctx, farewell+time.Duration(len(r.devices))*eachFarewell)
	defer over()
	limit := make(chan struct{}, 256)
	for _, d := range r.devices {
		d.mu.Lock()
		client := d.client
		d.publishLocked(d.status(statusOffline), r.unsaid)
		d.client, d.gone = nil, true
		d.mu.Unlock()
		if client == nil {
			continue
		}
		limit <- struct{}{}
		r.spawn(func() {
			r.close(leaving, client)
			<-limit
		})
	}
	r.working.Wait()
}

// endParts ends what runs beside the devices.
func (r *run) endParts() *Result {
	ctx, cancel := context.WithTimeout(r.ctx, farewell)
	defer cancel()
	result := &Result{
		Name: r.scenario.Name, Seed: r.scenario.Seed, Speed: r.options.Speed, Devices: r.scenario.Devices(), Started: r.began,
		Seconds: time.Since(r.began).Seconds(), Counts: map[string]int64{},
	}
	for i := len(r.parts) - 1; i >= 0; i-- { // the check is the last to leave
		r.parts[i].end(ctx, result)
	}
	return result
}

func (r *run) result() Result {
	result := r.endParts()
	for _, c := range Counts() {
		result.Counts[c.Name()] = r.counts[c].Load()
	}
	return *result
}

// spawn runs f on a goroutine for which the end waits.
func (r *run) spawn(f func()) { r.working.Go(f) }

// close ends a client and lets what it has published come to its end.
func (r *run) close(ctx context.Context, client *mqtt.Client) {
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	_ = client.Close(ctx) // a device that cannot say goodbye leaves without it
}

// forever is longer than any run, and so short that times that lie so far ahead can be added up.
const forever = 50 * 365 * 24 * time.Hour

// real is how long a simulated time lasts.
func (r *run) real(simulated time.Duration) time.Duration {
	return time.Duration(min(float64(simulated)/r.options.Speed, float64(forever)))
}

// since is the simulated time that has gone by.
func (r *run) since(now time.Time) time.Duration {
	return time.Duration(float64(now.Sub(r.began)) * r.options.Speed)
}

// confirmed counts how a reading of QoS 1 or 2 ended.
func (r *run) confirmed(err error) {
	if err != nil {
		r.counts.add(Unsent)
		return
	}
	r.counts.add(Confirmed)
}

// written counts the readings of QoS 0 that did not leave.
func (r *run) written(err error) {
	if err != nil {
		r.counts.add(Unsent)
	}
}

// unsaid counts what is no reading and did not leave for want of room. Without a connection it is said again on the next one.
func (r *run) unsaid(err error) {
	if errors.Is(err, errNoRoom) {
		r.counts.add(Errors)
	}
}

// failed tells of what went wrong.
func (r *run) failed(err error) {
	if r.ctx.Err() != nil || errors.Is(err, mqtt.ErrClosed) {
		return
	}
	r.counts.add(Errors)
	if r.options.OnError != nil {
		r.options.OnError(err)
	}
}

// reconnectOf is how the device of that name comes back. One that is refused for good does not, which is told.
func (r *run) reconnectOf(name string) *mqtt.Reconnect {
	own := r.reconnect
	own.GiveUp = func(err error) bool {
		if !mqtt.IsPermanent(err) {
			return false
		}
		r.counts.add(Failures)
		r.refused(name, "is given up", err)
		return true
	}
	return &own
}

// nameOf is the client identifier of a part. From MQTT 3.1.1 on the server chooses it.
func (r *run) nameOf(what string) string {
	if r.options.Config.Version != mqtt.V31 {
		return ""
	}
	return "dunlin-" + what + "-" + rand.Text()[:8] // 23 letters at most, as MQTT 3.1 has it
}

// beside makes the connection of a part, which goes on when it is lost.
func (r *run) beside(ctx context.Context, what string, cfg mqtt.Config) (*mqtt.Client, error) {
	base := r.options.Config
	cfg.Version, cfg.Username, cfg.Password, cfg.Auth, cfg.KeepAlive = base.Version, base.Username, base.Password, base.Auth, base.KeepAlive
	cfg.Transport, cfg.Reconnect = base.Transport, &mqtt.Reconnect{MaxDelay: 5 * time.Second}
	cfg.ClientID, cfg.OnError = r.nameOf(what), r.failed
	client, err := mqtt.Dial(ctx, r.options.URL, cfg)
	if err != nil {
		return nil, fmt.Errorf("the %s: %w", what, err)
	}
	return client, nil
}
