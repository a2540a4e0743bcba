package sparkplug

import (
	"context"
	"errors"
	"fmt"

	"dunlin/internal/sparkplugb"
	"dunlin/mqtt"
)

// tryBirth publishes the births if nothing is missing for them.
func (n *EdgeNode) tryBirth() {
	if !n.connected || !n.subscribed || n.born {
		return
	}
	if n.cfg.PrimaryHost != "" && !n.host.online { // [tck-id-message-flow-edge-node-birth-publish-phid-wait]
		return
	}
	if err := n.births(n.ctx); err != nil {
		n.failed(err)
	}
}

// failed tells of births that could not be published, unless it is because the connection is gone: then the next one has them.
func (n *EdgeNode) failed(err error) {
	if !errors.Is(err, mqtt.ErrNotConnected) && !errors.Is(err, mqtt.ErrClosed) {
		n.report(fmt.Errorf("sparkplug: births of %s/%s: %w", n.cfg.Group, n.cfg.ID, err))
	}
}

// births publishes the birth of the node, those of its devices right behind it [tck-id-payloads-dbirth-order], and what was kept
// while it was offline.
func (n *EdgeNode) births(ctx context.Context) error {
	now := n.cfg.Now()
	stamp := sparkplugb.Some(uint64(now.UnixMilli()))
	number := n.birthNumber()
	number.Timestamp = stamp
	control := sparkplugb.Metric{ // without an alias [tck-id-operational-behavior-data-commands-rebirth-name-aliases]
		Name: sparkplugb.Some(rebirth), Type: sparkplugb.Some(uint32(Boolean)), Timestamp: stamp,
		Value: sparkplugb.Value{Kind: sparkplugb.Bool},
	}
	n.seq = 0 // [tck-id-payloads-sequence-num-zero-nbirth]
	if n.cfg.Aliases {
		number.Alias = sparkplugb.Some(uint64(0)) // those of the others begin with 1
	}
	if err := n.send(ctx, NBIRTH, "", append([]sparkplugb.Metric{number, control}, n.node.birth(now)...)); err != nil {
		return err
	}
	for _, d := range n.devices {
		if d.left {
			continue
		}
		if err := n.deviceBirth(ctx, d); err != nil {
			return err
		}
	}
	if !n.born {
		n.born = true
		close(n.online)
		n.tellOnline(true)
	}
	return n.forward(ctx)
}

func (n *EdgeNode) deviceBirth(ctx context.Context, d *Device) error {
	err := n.send(ctx, DBIRTH, d.id, d.points.birth(n.cfg.Now()))
	d.born = err == nil
	return err
}

// comeBack publishes the birth of a device that was away, or is new, and what was kept of it.
func (n *EdgeNode) comeBack(ctx context.Context, d *Device) error {
	if err := n.deviceBirth(ctx, d); err != nil {
		return err
	}
	return n.forward(ctx)
}

// forward sends what was kept, each message as it was but historical. That of a device which is away waits for its return.
func (n *EdgeNode) forward(ctx context.Context) error {
	var waits []stored
	for i, s := range n.stored {
		p, t, born := &n.node, NDATA, n.born
		if s.device != "" {
			d := n.find(s.device)
			p, t, born = &d.points, DDATA, d.born
		}
		if !born {
			waits = append(waits, s)
			continue
		}
		metrics := p.explained(s.metrics)
		if len(metrics) == 0 {
			continue
		}
		if err := n.send(ctx, t, s.device, data(metrics)); err != nil {
			n.stored = append(waits, n.stored[i:]...)
			return err
		}
	}
	n.stored = waits
	return nil
}

// send publishes a message of the node with the next sequence number, which counts as used if the message may have left.
func (n *EdgeNode) send(ctx context.Context, t MessageType, device string, metrics []sparkplugb.Metric) error {
	if n.session == nil || n.session.client == nil {
		return fmt.Errorf("%s: %w", t, mqtt.ErrNotConnected)
	}
	p := sparkplugb.Payload{
		Timestamp: sparkplugb.Some(uint64(n.cfg.Now().UnixMilli())), Metrics: metrics, Seq: sparkplugb.Some(uint64(n.seq)),
	}
	n.sending = joined{Context: ctx, also: n.ctx}
	defer n.sending.release()
	err := n.session.client.Enqueue(&n.sending, mqtt.Message{Topic: n.topic(t, device), Payload: p.Append(nil)})
	if err == nil || !errors.Is(err, mqtt.ErrNotSent) {
		n.seq++ // after 255 comes 0 [tck-id-payloads-sequence-num-incrementing]
	}
	return err
}

// Update sets values of the node's metrics and publishes those that are others than before in one message (NDATA)
// [tck-id-principles-rbe-recommended]; other Properties or Metadata, where given, count as well. A metric needs Name and Value, of the type that the birth says; a zero Timestamp is now.
// A Historical one is published in any case, and is not the current value after it.
//
// While the node is offline values are set for the next birth, kept as EdgeNodeConfig.StoreMessages says, and the error is nil. An
// error otherwise says that a metric cannot be used, and nothing was set, or is of Client.Enqueue.
func (n *EdgeNode) Update(ctx context.Context, metrics ...Metric) error {
	return n.update(ctx, nil, metrics)
}

// update is Update of the node, or of a device.
func (n *EdgeNode) update(ctx context.Context, d *Device, metrics []Metric) error {
	defer n.outbox.flush()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return fmt.Errorf("sparkplug: edge node %s/%s: %w", n.cfg.Group, n.cfg.ID, n.err)
	}
	p, t, born, device := &n.node, NDATA, n.born, ""
	if d != nil {
		p, t, born, device = &d.points, DDATA, d.born, d.id
	}
	changed, err := p.update(metrics, n.cfg.Now())
	if err != nil {
		return fmt.Errorf("sparkplug: %s: %w", ID{n.cfg.Group, n.cfg.ID, device}, err)
	}
	if len(changed) == 0 {
		return nil
	}
	if born {
		err := n.send(ctx, t, device, data(changed))
		if !errors.Is(err, mqtt.ErrNotConnected) {
			return err
		}
	}
	n.store(device, changed)
	return nil
}

// store keeps data until the next birth.
func (n *EdgeNode) store(device string, changed []Metric) {
	if n.cfg.StoreMessages == 0 {
		return
	}
	for i := range changed {
		changed[i].Historical = true
	}
	if len(n.stored) == n.cfg.StoreMessages {
		n.stored[0] = stored{}
		n.stored = n.stored[1:]
	}
	n.stored = append(n.stored, stored{device, changed})
}

// AddDevice adds a device, or gives other metrics to one that is there, and publishes its birth if the node is online.
func (n *EdgeNode) AddDevice(ctx context.Context, cfg DeviceConfig) (*Device, error) {
	defer n.outbox.flush()
	n.mu.Lock()
	defer n.mu.Unlock()
	d, err := n.addDevice(cfg)
	if err != nil {
		return nil, argument("DeviceConfig", err)
	}
	if n.born {
		if err := n.comeBack(ctx, d); err != nil && !errors.Is(err, mqtt.ErrNotConnected) {
			return d, err
		}
	}
	return d, nil
}

// Rebirth publishes the births of node and devices anew, such as after a change of properties. It does nothing while the node is
// offline: the next connection begins with births.
func (n *EdgeNode) Rebirth(ctx context.Context) error {
	defer n.outbox.flush()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.born {
		return nil
	}
	err := n.births(ctx)
	if errors.Is(err, mqtt.ErrNotConnected) {
		return nil
	}
	return err
}

// command takes a command of a host application.
func (n *EdgeNode) command(ctx context.Context, s *session, m *mqtt.Received) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session != s {
		return
	}
	topic, err := ParseTopic(m.Topic)
	if err != nil {
		n.report(err)
		return
	}
	p, err := Unmarshal(m.Payload)
	if err != nil {
		n.report(fmt.Errorf("%s: %w", m.Topic, err))
		return
	}
	known := &n.node
	if topic.Device != "" {
		d := n.find(topic.Device)
		if d == nil {
			n.report(fmt.Errorf("sparkplug: %s: there is no such device", m.Topic))
			return
		}
		known = &d.points
	} else {
		p.Metrics = n.takeRebirth(p.Metrics)
	}
	good, fault := known.resolve(p.Metrics, n.aliasesOf(topic.Device))
	if fault != nil {
		n.report(fmt.Errorf("sparkplug: %s: %w", m.Topic, fault))
	}
	if f := n.cfg.OnCommand; f != nil && len(good) > 0 {
		n.outbox.post(func() { f(ctx, Command{Device: topic.Device, Metrics: good}) })
	}
}

// takeRebirth obeys a request for births [tck-id-operational-behavior-data-commands-rebirth-action-2], and returns the other
// metrics of the command.
func (n *EdgeNode) takeRebirth(metrics []Metric) (others []Metric) {
	asked := false
	for _, m := range metrics {
		if m.Name != rebirth {
			others = append(others, m)
		} else if value, _ := m.Value.(bool); value {
			asked = true
		}
	}
	if asked && n.born {
		if err := n.births(n.ctx); err != nil {
			n.failed(err)
		}
	}
	return others
}

// aliasesOf returns what aliases of a device's metrics stand for, or of the node's.
func (n *EdgeNode) aliasesOf(device string) func(uint64) (string, bool) {
	return func(alias uint64) (string, bool) {
		a, ok := n.aliases[alias]
		return a.name, ok && a.device == device
	}
}
