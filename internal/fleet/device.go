package fleet

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/mqtt"
)

// device is one simulated device. Between its tasks it is memory alone; its client has the goroutines.
type device struct {
	run    *run
	group  *model
	number int
	meter
	name string
	base string
	link *link // nil: a good one

	announced atomic.Bool // the server has acknowledged the birth

	mu       sync.Mutex
	client   *mqtt.Client // nil: it is switched off or asleep
	born     bool         // it has begun to announce itself, at least once
	settled  bool         // the server has taken the subscriptions of this connection
	told     bool         // OnDisconnect told of what the next OnRetry is for
	heldUp   bool         // on this connection there was no room for a message
	unborn   bool         // there was none for the birth
	online   bool
	gone     bool     // it is switched off for good
	leaving  bool     // its client is being closed
	tired    bool     // it is going to sleep; planned once each time it wakes
	sent     []uint64 // of each stream: readings published
	states   []string // of each control
	firmware string
	download *download // nil: none is under way
}

// model is a group with what its devices share.
type model struct {
	*Group
	profile profile
	first   []int // of each stream: index of its first value in walks
	values  int
}

func newModel(g *Group) *model {
	m := &model{Group: g}
	for i := range g.Streams {
		m.first = append(m.first, m.values)
		m.values += len(g.Streams[i].Values)
	}
	m.profile = plain{}
	if g.Profile == HomeAssistant {
		m.profile = homeAssistant{}
	}
	return m
}

// A profile says what devices publish and obey. Its functions get a device whose mu is held.
type profile interface {
	will(d *device) *mqtt.Will
	filters(d *device) []string
	// birth is what a device announces on each connection.
	birth(d *device) []mqtt.Message
	// nap is what it says before it sleeps.
	nap(d *device) []mqtt.Message
	// obey does what a message asks for, and returns the answer; false: it is none of the profile's.
	obey(d *device, below string, m *mqtt.Received) ([]mqtt.Message, bool)
}

func (r *run) newDevice(g *model, number int) *device {
	d := &device{
		run: r, group: g, number: number, name: g.deviceName(number), base: g.base(number), firmware: g.Firmware,
		sent: make([]uint64, len(g.Streams)), states: make([]string, len(g.Controls)),
	}
	d.meter = newMeter(g, r.scenario.Seed, d.name)
	for i := range d.states {
		d.states[i] = g.Controls[i].first()
	}
	if g.Link != nil {
		d.link = &link{via: r.options.Config.Transport.Dial, delay: g.Link.Delay}
	}
	return d
}

// perform does a task.
func (d *device) perform(t task) {
	switch t.do {
	case doConnect:
		if d.connect() {
			d.run.counts.add(Wakes)
		}
	case doSleep:
		d.sleep()
	case doRead:
		d.publishReading(t.stream, t.at)
		t.at = t.at.Add(d.run.real(d.group.Streams[t.stream].Every))
		d.run.schedule.add(t)
	case doCut:
		d.cut(t)
	case doAnnounce:
		d.announceAgain()
	case doLook:
		d.lookAtDownload()
	}
}

// connect switches the device on, or wakes it, which it reports.
func (d *device) connect() (woken bool) {
	d.mu.Lock()
	there, leaving, woken := d.client != nil, d.leaving, d.born
	d.mu.Unlock()
	switch {
	case there:
		return false
	case leaving: // its last client has not gone yet
		d.run.schedule.add(task{at: time.Now().Add(leastAwake / 10), actor: d, do: doConnect})
		return false
	}
	cfg := d.config()
	client, err := mqtt.Dial(d.run.ctx, d.run.options.URL, cfg)
	if err != nil { // it dials in the background, so this is for good
		d.run.failed(err)
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.client = client
	return woken
}

// queue is how many messages a device keeps while it has no connection.
const queue = 1000

// config describes the next session of the device.
func (d *device) config() mqtt.Config {
	g := d.group
	cfg := d.run.options.Config
	cfg.ClientID, cfg.KeepAlive = g.clientID(d.number), g.KeepAlive
	if g.Username != "" {
		cfg.Username = g.fill(g.Username, d.name, d.number)
	}
	cfg.KeepSession = g.Sleeping()
	if g.Sleeping() && cfg.Version == mqtt.V5 {
		cfg.Properties.SessionExpiry = max(g.Sleep.Expiry, time.Second)
	}
	d.mu.Lock()
	cfg.Will = g.profile.will(d)
	d.settled, d.tired = false, false
	d.mu.Unlock()
	cfg.Limits.Queue = mqtt.Queue{Messages: queue, Full: mqtt.QueueDropOldest}
	cfg.Reconnect = d.run.reconnectOf(d.name)
	if d.link != nil {
		cfg.Transport.Dial = d.link.dial
	}
	cfg.OnConnect, cfg.OnDisconnect, cfg.OnRetry = d.connected, d.disconnected, d.retried
	cfg.OnError = d.run.failed
	cfg.OnMessage = d.received
	return cfg
}

// connected subscribes, and has the device announce itself when that is done: who sees the announcement can
// count on a command getting there.
func (d *device) connected(client *mqtt.Client) {
	d.run.counts.add(Connects)
	d.mu.Lock()
	d.settled, d.heldUp = false, false
	d.setOnlineLocked(true)
	filters := d.group.profile.filters(d)
	d.mu.Unlock()
	subscriptions := make([]mqtt.Subscription, len(filters))
	for i, filter := range filters {
		subscriptions[i] = mqtt.Subscription{Filter: filter, QoS: mqtt.AtLeastOnce}
	}
	_, err := client.SubscribeAsync(d.run.ctx, subscriptions, func(err error) {
		var no *mqtt.SubscribeError
		switch {
		case err == nil:
			d.announce(client)
		case errors.As(err, &no) && no.Codes != nil: // else the connection was lost, and the next one subscribes anew
			d.run.refused(d.name, "is not announced, for it could not obey", err)
		}
	})
	if err != nil && d.run.ctx.Err() == nil {
		d.run.failed(err)
	}
}

// announce publishes the birth, and begins what a device does.
func (d *device) announce(client *mqtt.Client) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone {
		return
	}
	d.client, d.settled = client, true
	first := !d.born
	d.born = true
	d.bearLocked()
	d.run.counts.add(Births)
	if d.download != nil {
		d.run.counts.add(Resumed)
		d.askForChunksLocked()
	}
	if d.group.Sleeping() && !d.tired {
		d.tired = true
		d.readAllLocked()
		d.run.schedule.add(task{at: time.Now().Add(max(d.run.real(d.group.Sleep.Awake), leastAwake)), actor: d, do: doSleep})
	}
	if first {
		d.begin()
	}
}

// bearLocked publishes the birth, and again later where there is no room for it.
func (d *device) bearLocked() {
	d.unborn = false
	for _, m := range d.group.profile.birth(d) {
		d.publishLocked(m, d.announcedIf)
	}
	if d.unborn {
		d.run.schedule.add(task{at: time.Now().Add(time.Second), actor: d, do: doAnnounce})
	}
}

// announcedIf notes that the server has a message of the birth.
func (d *device) announcedIf(err error) {
	switch {
	case err == nil:
		d.announced.Store(true)
	case errors.Is(err, errNoRoom): // which publishLocked says at once
		d.unborn = true
	}
}

// announceAgain publishes a birth for which there was no room. On another connection there is another one.
func (d *device) announceAgain() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unborn && d.settled && d.client != nil {
		d.bearLocked()
	}
}

// leastAwake is how long a device stays at any speed: its network is no faster.
const leastAwake = 300 * time.Millisecond

// begin schedules what a device does by itself from now on.
func (d *device) begin() {
	now := time.Now()
	if l := d.group.Link; l != nil && l.Cut > 0 {
		d.run.schedule.add(task{at: now.Add(d.untilCut(0)), actor: d, do: doCut})
	}
	if d.group.Sleeping() {
		return
	}
	for i := range d.group.Streams {
		// Devices do not all speak at the same moment.
		phase := time.Duration(float64(d.run.real(d.group.Streams[i].Every)) * uniform(d.key, uint64(i), 'p'))
		d.run.schedule.add(task{at: now.Add(phase), actor: d, do: doRead, stream: i})
	}
}

// publishLocked publishes m, if there is room for it. done is told of how that ended, in any case.
func (d *device) publishLocked(m mqtt.Message, done func(error)) {
	if d.client == nil {
		done(mqtt.ErrNotConnected)
		return
	}
	_, err := d.client.PublishAsync(atOnce(), m, func(err error) {
		d.run.rejected("device "+d.name, err)
		done(err)
	})
	if err == nil {
		return
	}
	if errors.Is(err, errNoRoom) && !d.heldUp {
		d.heldUp = true
		d.run.heldUp(d.name)
	}
	done(err)
}

// publishReading takes a reading of a stream and publishes it, if the device is there.
func (d *device) publishReading(stream int, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.readLocked(stream, at)
}

// readAllLocked publishes all that a device has to say when it wakes.
func (d *device) readAllLocked() {
	for i := range d.group.Streams {
		d.readLocked(i, time.Now())
	}
}

func (d *device) readLocked(stream int, at time.Time) {
	s := &d.group.Streams[stream]
	d.sent[stream]++
	m := mqtt.Message{Topic: d.base + "/" + s.Topic, QoS: mqtt.QoS(s.QoS), Retain: s.Retain, Payload: d.payloadLocked(stream, at)}
	d.run.counts.add(Telemetry)
	done := d.run.confirmed
	if s.QoS == 0 {
		done = d.run.written
	}
	d.publishLocked(m, done)
}

// received gets what the device has subscribed to.
func (d *device) received(_ context.Context, m *mqtt.Received) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.settled && d.born && d.group.Sleeping() {
		d.run.counts.add(Waited)
	}
	below := strings.TrimPrefix(m.Topic, d.base+"/")
	if d.firmwareLocked(below, m) {
		return
	}
	answers, asked := d.group.profile.obey(d, below, m)
	if asked {
		d.run.counts.add(Commands)
	}
	for _, answer := range answers {
		d.publishLocked(answer, d.run.unsaid)
	}
	if asked {
		d.run.counts.add(Answers)
	}
}

// sleep says goodbye and leaves; the session stays at the server.
func (d *device) sleep() {
	d.mu.Lock()
	client := d.client
	for _, m := range d.group.profile.nap(d) {
		d.publishLocked(m, d.run.unsaid)
	}
	d.client, d.leaving = nil, client != nil
	d.mu.Unlock()
	if client == nil {
		return
	}
	d.run.spawn(func() {
		d.run.close(d.run.ctx, client)
		d.mu.Lock()
		d.leaving = false
		d.setOnlineLocked(false)
		d.mu.Unlock()
		d.run.schedule.add(task{at: time.Now().Add(d.run.real(d.group.Sleep.For)), actor: d, do: doConnect})
	})
}

// disconnected counts a connection that ended by itself.
func (d *device) disconnected(error) {
	d.run.counts.add(Lost)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = true
	d.setOnlineLocked(false)
}

func (d *device) setOnlineLocked(online bool) {
	if d.online == online {
		return
	}
	d.online = online
	if online {
		d.run.online.Add(1)
	} else {
		d.run.online.Add(-1)
	}
}

// retried counts the attempts to connect that failed.
func (d *device) retried(mqtt.Retry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.told {
		d.run.counts.add(Failures)
	}
	d.told = false
}
