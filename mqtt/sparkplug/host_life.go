package sparkplug

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dunlin/internal/sparkplugb"
	"dunlin/mqtt"
)

// prepare begins an attempt to connect. The will has the time of the attempt, which the birth repeats
// [tck-id-host-topic-phid-birth-payload-timestamp].
func (h *Host) prepare(a *mqtt.Attempt) {
	defer h.outbox.flush()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offline(a.Last)
	h.stamp = h.cfg.Now()
	a.Config.Will = &mqtt.Will{Message: h.stateMessage(false, h.stamp)}
}

// stateMessage is a STATE [tck-id-payloads-state-birth] [tck-id-payloads-state-will-message-qos]
// [tck-id-payloads-state-will-message-retain].
func (h *Host) stateMessage(online bool, stamp time.Time) mqtt.Message {
	return mqtt.Message{
		Topic: h.stateTopic(), Payload: HostState{Online: online, Timestamp: stamp}.Marshal(), QoS: mqtt.AtLeastOnce, Retain: true,
	}
}

// offline notes that there is no connection: what the host knows of nodes is stale.
func (h *Host) offline(reason error) {
	h.connected, h.online = false, false
	if reason == nil {
		reason = mqtt.ErrNotConnected
	}
	h.tracker.lost(h.cfg.Now(), fmt.Errorf("the host has lost its connection: %w", reason))
}

func (h *Host) connect(c *mqtt.Client) {
	defer h.outbox.flush()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.client = c
	h.connected = true
	h.tryBirth()
}

// subscribe notes that the server knows what the host listens to.
func (h *Host) subscribe(err error) {
	if err != nil {
		h.end(err)
		return
	}
	defer h.outbox.flush()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subscribed = true
	h.tryBirth()
}

func (h *Host) lose() {
	defer h.outbox.flush()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offline(nil)
}

// tryBirth publishes that the host is online, behind its subscriptions
// [tck-id-message-flow-phid-sparkplug-subscription], and asks the nodes that it knows for their births.
func (h *Host) tryBirth() {
	if !h.connected || !h.subscribed || h.online || h.err != nil {
		return
	}
	h.online = h.sayOnline()
	now := h.cfg.Now()
	for _, id := range h.tracker.ids() {
		h.tracker.request(id, now, errors.New("the host has a new connection"))
	}
}

// sayOnline publishes the host's birth. Without a connection the next one begins with it.
func (h *Host) sayOnline() bool {
	_, err := h.client.PublishAsync(h.ctx, h.stateMessage(true, h.stamp), nil)
	if err != nil && !errors.Is(err, mqtt.ErrNotConnected) && !errors.Is(err, mqtt.ErrClosed) {
		h.report(fmt.Errorf("sparkplug: host %s: %w", h.cfg.ID, err))
	}
	return err == nil
}

// ownState takes the host's own STATE. One that says that the host is offline is the will of an earlier connection, or a
// mistake: the host says the contrary [tck-id-message-flow-hid-sparkplug-state-message-delivered].
func (h *Host) ownState(_ context.Context, m *mqtt.Received) {
	state, err := UnmarshalHostState(m.Payload)
	defer h.outbox.flush()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.online && h.err == nil && (err != nil || !state.Online) {
		h.sayOnline()
	}
}

// States returns a copy of what is known, nodes in order of group and name, each followed by its devices.
func (h *Host) States() []State {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tracker.states()
}

// State returns a copy of what is known of one node or device, and whether anything is.
func (h *Host) State(id ID) (State, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tracker.state(id)
}

// Command sends values to a node (NCMD) or, with id.Device, to a device (DCMD). A metric needs Name and Value, of the type that
// the birth says. It is of QoS 0, as the specification has it: whether it arrived is seen by the data that comes back.
func (h *Host) Command(ctx context.Context, id ID, metrics ...Metric) error {
	h.mu.Lock()
	payload, err := h.tracker.command(id, metrics, h.cfg.Now())
	h.mu.Unlock()
	if err != nil {
		return fmt.Errorf("sparkplug: command to %s: %w", id, err)
	}
	return h.sendCommand(ctx, id, payload)
}

// RequestRebirth asks an edge node for its births, whether it is known or not; id.Device does not count.
func (h *Host) RequestRebirth(ctx context.Context, id ID) error {
	stamp := sparkplugb.Some(uint64(h.cfg.Now().UnixMilli()))
	p := sparkplugb.Payload{Timestamp: stamp, Metrics: []sparkplugb.Metric{{
		// The type is said, for a node may have forgotten what the birth would say.
		Name: sparkplugb.Some(rebirth), Timestamp: stamp, Type: sparkplugb.Some(uint32(Boolean)),
		Value: sparkplugb.Value{Kind: sparkplugb.Bool, Bits: 1},
	}}}
	return h.sendCommand(ctx, id.node(), p.Append(nil))
}

func (h *Host) sendCommand(ctx context.Context, id ID, payload []byte) error {
	topic := Topic{Type: NCMD, ID: id}
	if id.Device != "" {
		topic.Type = DCMD
	}
	if err := topic.Validate(); err != nil {
		return fmt.Errorf("sparkplug: command: %w", err)
	}
	h.mu.Lock()
	client := h.client
	h.mu.Unlock()
	return client.Enqueue(ctx, mqtt.Message{Topic: topic.String(), Payload: payload})
}

// Client returns the MQTT client of the host, for looking, such as Stats.
func (h *Host) Client() *mqtt.Client {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.client
}

// end notes that the host has ended because of err.
func (h *Host) end(err error) {
	defer h.outbox.flush()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return
	}
	h.finish(err)
	if c := h.client; c != nil && !errors.Is(err, mqtt.ErrClosed) {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
			defer cancel()
			_ = c.Close(ctx)
		}()
	}
}

// finish is the end, with the lock held.
func (h *Host) finish(err error) {
	h.err = err
	h.offline(err)
	if h.timer != nil {
		h.timer.Stop()
	}
	close(h.done)
	h.cancel()
}

// Done is closed when the host has ended: by Close, or because the server refuses it for good.
func (h *Host) Done() <-chan struct{} { return h.done }

// Err returns why the host has ended; nil while it has not, mqtt.ErrClosed after Close.
func (h *Host) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// Close publishes that the host is offline, with the time of now
// [tck-id-host-topic-phid-death-payload-timestamp-disconnect-clean], and disconnects. ctx bounds it as it does
// mqtt.Client.Close; when that fails the server publishes the will.
func (h *Host) Close(ctx context.Context) error {
	h.mu.Lock()
	if h.err != nil {
		h.mu.Unlock()
		return nil
	}
	wasOnline, client := h.online, h.client
	h.finish(mqtt.ErrClosed)
	h.mu.Unlock()
	h.outbox.flush()
	if wasOnline && client.IsConnected() {
		if err := client.Publish(ctx, h.stateMessage(false, h.cfg.Now())); err != nil {
			return errors.Join(err, client.Close(ended()))
		}
	}
	return client.Close(ctx)
}
