package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"dunlin/mqtt"
)

// service is what the owner of the devices runs: it learns of them by MQTT alone, sends them commands and offers firmware.
type service struct {
	run     *run
	client  *mqtt.Client
	image   []byte // of the firmware; nil: none is offered
	offer   offer
	ended   chan struct{} // commandLoop has returned
	cancel  context.CancelFunc
	sending context.Context // of all it publishes; ends with the patience of the end
	cut     context.CancelCauseFunc

	mu       sync.Mutex
	known    []*device           // that have announced themselves, and take commands
	seen     map[*device]bool    // of them
	pending  map[*device]pending // the command that waits for an answer, one a device
	number   uint64
	answered chan struct{} // a command was answered
	stopping bool
}

// pending is a command without an answer.
type pending struct {
	id    string
	topic string // where the answer comes
	want  string // for Home Assistant: the state; else the answer has the id
	again mqtt.Message
}

// startService connects the service, if the scenario has one for which there are devices.
func (r *run) startService(ctx context.Context) (part, error) {
	w := r.scenario.Service
	if w.Commands == 0 && w.Firmware == nil || len(r.devices) == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	s := &service{
		run: r, seen: map[*device]bool{}, pending: map[*device]pending{}, answered: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	s.sending, s.cut = context.WithCancelCause(r.ctx)
	if w.Firmware != nil {
		s.image = image(r.scenario.Seed, w.Firmware.Size)
		sum := sha256.Sum256(s.image)
		s.offer = offer{Version: w.Firmware.Version, Size: w.Firmware.Size, Chunk: w.Firmware.Chunk, SHA256: hex.EncodeToString(sum[:])}
	}
	var err error
	if s.client, err = r.beside(ctx, "service", mqtt.Config{OnMessage: s.received, OnConnect: s.connected}); err != nil {
		return nil, err
	}
	if err := s.subscribe(ctx); err != nil {
		r.close(r.ctx, s.client)
		return nil, err
	}
	looping, cancel := context.WithCancel(r.ctx)
	s.cancel = cancel
	go s.commandLoop(looping)
	return s, nil
}

// image makes firmware that is the same for the same seed, and has no two chunks alike.
func image(seed uint64, size int) []byte {
	b := make([]byte, 0, size+8)
	for n := uint64(0); len(b) < size; n++ {
		b = binary.LittleEndian.AppendUint64(b, mix(seed, n, 'f'))
	}
	return b[:size]
}

// subscribe subscribes to what devices of all groups publish, to each filter once.
func (s *service) subscribe(ctx context.Context) error {
	var filters []string
	for i := range s.run.scenario.Groups {
		if g := &s.run.scenario.Groups[i]; g.Profile != Sparkplug {
			filters = append(filters, g.filter("about"), g.filter("answer"), g.filter("state/+"), g.filter("firmware/get"))
		}
	}
	list := subscriptionsFor(filters)
	if s.run.options.Config.Version == mqtt.V5 {
		// What is retained now is of an earlier run. On a later connection the server may have what devices said of themselves meanwhile,
		// and is asked for it. Before MQTT 5 there is no choice.
		for _, handling := range []mqtt.RetainHandling{mqtt.RetainedNever, mqtt.RetainedIfNew} {
			for i := range list {
				list[i].RetainHandling = handling
			}
			if _, err := s.client.Subscribe(ctx, list...); err != nil {
				return err
			}
		}
		return nil
	}
	_, err := s.client.Subscribe(ctx, list...)
	return err
}

// connected sends again what waits for an answer, behind the subscriptions: on the connection before, the answer may have been lost. A device
// that sleeps has its command in its session, and says when it wakes.
func (s *service) connected(*mqtt.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for d, p := range s.pending { // none on the first connection
		if !d.group.Sleeping() {
			s.publish(p.again)
		}
	}
}

// received gets what devices publish.
func (s *service) received(_ context.Context, m *mqtt.Received) {
	d, below := s.run.find(m.Topic)
	if d == nil || m.Retain && (below != "about" || !d.announced.Load()) { // it is of an earlier run, or no news
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case below == "about":
		s.metLocked(d, m)
	case below == "firmware/get":
		s.sendChunksLocked(d, m.Payload)
	default:
		s.answerLocked(d, m)
	}
}

// find returns the device that a topic is of, and what of the topic is below its base.
func (r *run) find(topic string) (*device, string) {
	for at := len(topic); at > 0; at = strings.LastIndexByte(topic[:at], '/') {
		if d := r.byBase[topic[:at]]; d != nil {
			return d, strings.TrimPrefix(topic[at:], "/")
		}
	}
	return nil, ""
}

// metLocked gets an announcement: the device is there, and a command that was lost on the way to it is sent again.
func (s *service) metLocked(d *device, m *mqtt.Received) {
	var a about
	if json.Unmarshal(m.Payload, &a) != nil {
		return
	}
	if !s.seen[d] && (d.group.Profile == Plain || len(d.group.Controls) > 0) {
		s.seen[d] = true
		s.known = append(s.known, d)
	}
	if p, waits := s.pending[d]; waits && !m.Retain { // what was retained comes behind connected, which has sent it
		s.publish(p.again)
	}
	if s.image != nil && a.Firmware != "" && a.Firmware != s.offer.Version {
		s.publish(mqtt.Message{Topic: d.base + "/firmware/offer", Payload: marshal(s.offer), QoS: mqtt.AtLeastOnce})
	}
}

func (s *service) sendChunksLocked(d *device, payload []byte) {
	var q chunkRequest
	if json.Unmarshal(payload, &q) != nil || q.Version != s.offer.Version || q.Offset < 0 || q.Offset >= len(s.image) {
		return
	}
	for range min(max(q.Chunks, 1), ahead) {
		bytes := s.image[q.Offset:min(q.Offset+s.offer.Chunk, len(s.image))]
		topic := d.base + "/firmware/chunk/" + strconv.Itoa(q.Offset) + "/" + crc(bytes)
		s.publish(mqtt.Message{Topic: topic, Payload: bytes, QoS: mqtt.AtLeastOnce})
		if q.Offset += len(bytes); q.Offset == len(s.image) {
			return
		}
	}
}

// answerLocked sees whether m is what a command waits for.
func (s *service) answerLocked(d *device, m *mqtt.Received) {
	p, waits := s.pending[d]
	if !waits || m.Topic != p.topic {
		return
	}
	if p.want != "" && string(m.Payload) != p.want {
		return
	}
	if p.want == "" {
		var a answer
		if json.Unmarshal(m.Payload, &a) != nil || a.ID != p.id || !a.OK {
			return
		}
	}
	delete(s.pending, d)
	s.run.counts.add(Answered)
	select {
	case s.answered <- struct{}{}:
	default:
	}
}

func (s *service) publish(m mqtt.Message) {
	_, err := s.client.PublishAsync(s.sending, m, func(err error) { s.run.rejected("the service", err) })
	if err != nil && s.sending.Err() == nil { // at the end of the run the counts tell what is not done
		s.run.failed(err)
	}
}

// commandLoop sends a command to some device at intervals.
func (s *service) commandLoop(ctx context.Context) {
	defer close(s.ended)
	if s.run.scenario.Service.Commands == 0 {
		return
	}
	tick := time.NewTicker(max(s.run.real(s.run.scenario.Service.Commands), time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.command()
		case <-ctx.Done():
			return
		}
	}
}

// command sends a command to a device that waits for none.
func (s *service) command() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) == 0 || s.stopping {
		return
	}
	s.number++
	draw := mix(s.run.scenario.Seed, s.number, 'o')
	d := s.known[draw%uint64(len(s.known))]
	if _, waits := s.pending[d]; waits {
		return
	}
	p := pending{id: strconv.FormatUint(s.number, 10), topic: d.base + "/answer"}
	c := command{ID: p.id, Name: "ping"}
	if n := uint64(len(d.group.Controls)); n > 0 {
		control := &d.group.Controls[mix(draw, 0, 'c')%n]
		c.Name, c.Value = control.Name, control.some(mix(draw, 0, 'v'))
		if d.group.Profile == HomeAssistant && control.Kind == "button" {
			s.publish(mqtt.Message{Topic: d.base + "/set/" + c.Name, Payload: []byte(c.Value), QoS: mqtt.AtLeastOnce})
			return // which nothing answers
		}
	}
	p.again = mqtt.Message{Topic: d.base + "/command", Payload: marshal(c), QoS: mqtt.AtLeastOnce}
	if d.group.Profile == HomeAssistant {
		p.topic, p.want = d.base+"/state/"+c.Name, c.Value
		p.again = mqtt.Message{Topic: d.base + "/set/" + c.Name, Payload: []byte(c.Value), QoS: mqtt.AtLeastOnce}
	}
	s.pending[d] = p
	s.run.counts.add(Asked)
	s.publish(p.again)
}

// stop sends no more commands, and waits for answers as long as ctx allows.
func (s *service) stop(ctx context.Context) {
	over := context.AfterFunc(ctx, func() { s.cut(errNoRoom) })
	defer over()
	s.cancel()
	<-s.ended
	s.wake()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for s.awaitsAnswers() {
		select {
		case <-s.answered:
		case <-tick.C: // who was awake may have gone to sleep before the command was there
			s.wake()
		case <-ctx.Done():
			return
		}
	}
}

// wake has the devices connect that owe an answer and sleep. No others come to owe one any more.
func (s *service) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	for d := range s.pending {
		s.run.schedule.add(task{at: time.Now(), actor: d, do: doConnect})
	}
}

func (s *service) awaitsAnswers() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending) > 0
}

// end counts what was not answered, and disconnects.
func (s *service) end(context.Context, *Result) {
	s.cut(errNoRoom)
	s.cancel()
	<-s.ended
	s.mu.Lock()
	s.run.counts[Unanswered].Add(int64(len(s.pending)))
	s.mu.Unlock()
	s.run.close(s.run.ctx, s.client)
}
