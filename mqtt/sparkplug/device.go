package sparkplug

import "context"

// Device is a device behind an edge node. Its methods may be called from any goroutine.
type Device struct {
	node   *EdgeNode
	id     string
	points points // guarded by node.mu, as all that follows
	left   bool   // it is away: Leave
	born   bool   // its birth is published on this connection
}

// ID returns the device's identifier.
func (d *Device) ID() string { return d.id }

// Online reports whether the birth of the device is published, and its death is not.
func (d *Device) Online() bool {
	d.node.mu.Lock()
	defer d.node.mu.Unlock()
	return d.born
}

// Update is EdgeNode.Update for the device (DDATA). While the device is away its values are set for its next
// birth, and kept as EdgeNodeConfig.StoreMessages says.
func (d *Device) Update(ctx context.Context, metrics ...Metric) error {
	return d.node.update(ctx, d, metrics)
}

// Leave publishes the death of the device (DDEATH): the node has lost it. Return brings it back.
func (d *Device) Leave(ctx context.Context) error {
	n := d.node
	defer n.outbox.flush()
	n.mu.Lock()
	defer n.mu.Unlock()
	d.left = true
	if !d.born {
		return nil
	}
	d.born = false
	return n.send(ctx, DDEATH, d.id, nil)
}

// Return publishes the birth of the device after Leave. It does nothing if the device is not away.
func (d *Device) Return(ctx context.Context) error {
	n := d.node
	defer n.outbox.flush()
	n.mu.Lock()
	defer n.mu.Unlock()
	d.left = false
	if !n.born || d.born {
		return nil
	}
	return n.comeBack(ctx, d)
}
