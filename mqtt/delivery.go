package mqtt

import (
	"context"
	"errors"

	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

// finished is the channel of deliveries that ended before anybody asked.
var finished = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Delivery is a publish, subscribe or unsubscribe on its way. Its methods may be
// called from any goroutine.
type Delivery struct {
	client *Client
	topic  string
	end    uint64     // position behind its packet in the stream, 0: not appended; client.mu
	op     *operation // nil: a QoS 0 publish that nobody has asked about; client.mu
}

// operation is what a Delivery needs beyond a position. client.mu guards it.
type operation struct {
	entry   session.Entry
	qos0    bool
	settled bool
	last    uint64 // position behind the flow's last packet, when that is not end
	err     error
	answer  *Answer       // nil: success, and no more words
	done    chan struct{} // made when asked for
	call    func(error)
	request *request // of a subscribe or unsubscribe

	accepted bool          // it is in the store, or needs none
	saved    chan struct{} // closed then, or at the end; made when asked for
}

// flow is a Delivery and its operation in one piece.
type flow struct {
	Delivery
	operation
}

// newDelivery makes the smallest thing that does: most QoS 0 publishes are never
// looked at again.
func (s *sender) newDelivery(c *Client, m *Message, done func(error)) *Delivery {
	if m.QoS == AtMostOnce && done == nil {
		d := s.deliveries.take(s.waiting())
		*d = Delivery{client: c, topic: m.Topic}
		return d
	}
	f := s.flows.take(s.waiting())
	f.Delivery = Delivery{client: c, topic: m.Topic, op: &f.operation}
	f.qos0, f.call = m.QoS == AtMostOnce, done
	return &f.Delivery
}

// opLocked returns d's operation, made when it is missing.
func (d *Delivery) opLocked() *operation {
	if d.op == nil {
		d.op = &operation{qos0: true}
	}
	return d.op
}

// Done returns a channel that is closed when the operation has ended.
func (d *Delivery) Done() <-chan struct{} {
	c := d.client
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.doneLocked(d)
}

func (c *Client) doneLocked(d *Delivery) <-chan struct{} {
	op := c.lookLocked(d)
	if op.done == nil {
		if op.settled {
			return finished
		}
		op.done = make(chan struct{})
		if op.qos0 && d.end > 0 && op.call == nil {
			c.send.await(d)
		}
	}
	return op.done
}

// Err returns how the operation ended, and nil before it has.
func (d *Delivery) Err() error {
	c := d.client
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lookLocked(d).err
}

// Answer is what the server said of an operation that it answered.
type Answer struct {
	// Codes has one reason code: a publish's, such as 0x10 No matching
	// subscribers, or one for each filter, in their order: the granted QoS, or a
	// failure. Before MQTT 5 an unsubscribe has none.
	Codes []ReasonCode
	// ReasonString and UserProperties are the server's own words, MQTT 5 only.
	ReasonString   string
	UserProperties []UserProperty
}

// memory returns how many bytes a holds.
func (a *Answer) memory() int {
	if a == nil {
		return 0
	}
	return len(a.Codes) + len(a.ReasonString) + userMemory(a.UserProperties)
}

func readAnswer(p wire.Properties, codes []ReasonCode) Answer {
	return Answer{Codes: codes, ReasonString: text(p, wire.ReasonString), UserProperties: readUser(p)}
}

// ackAnswer is the answer of the packet that ended a publish.
func ackAnswer(p *wire.Ack) *Answer {
	if p.Code == wire.Success && len(p.Properties) == 0 {
		return nil
	}
	a := readAnswer(p.Properties, []ReasonCode{ReasonCode(p.Code)})
	return &a
}

// plainSuccess is shared by all answers that say nothing else.
var plainSuccess = []ReasonCode{0}

// Answer returns what the server said; zero before the end of the operation, and
// for a publish of QoS 0. Its slices are not to be changed.
func (d *Delivery) Answer() Answer {
	d.client.mu.Lock()
	defer d.client.mu.Unlock()
	if d.op == nil || !d.op.settled {
		return Answer{}
	}
	if d.op.answer == nil {
		return Answer{Codes: plainSuccess}
	}
	return *d.op.answer
}

// PacketID returns the packet identifier, 0 when none was given.
func (d *Delivery) PacketID() uint16 {
	d.client.mu.Lock()
	defer d.client.mu.Unlock()
	return d.idLocked()
}

func (d *Delivery) idLocked() uint16 {
	if d.op == nil {
		return 0
	}
	return d.op.entry.ID()
}

// Wait waits for the end of the operation and returns how it ended. When ctx ends first, Wait
// returns an error with the context's cause that says how far the operation has come:
// ErrQueued, ErrSaved, or ErrInDoubt once it may have been sent. The operation goes on and may
// be waited for again.
func (d *Delivery) Wait(ctx context.Context) error {
	if d.await(ctx) {
		return d.op.err
	}
	d.client.mu.Lock()
	defer d.client.mu.Unlock()
	outcome := d.client.outcomeLocked(d)
	if errors.Is(outcome, ErrNotSent) {
		outcome = ErrQueued
	}
	return d.failure(outcome, context.Cause(ctx))
}

// await waits for the end of the operation or of ctx, and reports whether it
// was the operation's: then its error does not change any more.
func (d *Delivery) await(ctx context.Context) bool {
	done := d.Done()
	select {
	case <-done: // no need to tell that somebody waits
		return true
	default:
	}
	d.client.enterWait()
	defer d.client.leaveWait()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// lookLocked returns d's operation, and settles a QoS 0 publish that nobody had
// asked about.
func (c *Client) lookLocked(d *Delivery) *operation {
	op := d.opLocked()
	switch {
	case op.settled || !op.qos0 || d.end == 0:
	case c.send.lossOf(d.end) != nil:
		op.settled = true
		op.err = d.failure(c.send.lossOf(d.end).outcome(d.end), ErrNotConnected)
	case d.end <= c.send.written:
		op.settled = true
	case c.life.HasEnded():
		op.settled = true
		op.err = d.failure(c.outcomeLocked(d), c.life.End())
	}
	return op
}

// settleLocked ends d, once.
func (c *Client) settleLocked(d *Delivery, err error) {
	op := d.opLocked()
	if op.settled {
		return
	}
	op.settled, op.err = true, err
	if op.done != nil {
		close(op.done)
	}
	op.acceptLocked()
	if op.call != nil {
		size := countedSize(op.answer.memory())
		c.recv.push(item{delivery: d, size: size})
		c.recv.bytes += int(size)
	}
}

// outcomeLocked tells what the end of the connection means for d.
func (c *Client) outcomeLocked(d *Delivery) error {
	if d.op != nil {
		switch e := &d.op.entry; {
		case e.OnRecord() && d.op.accepted:
			return ErrSaved
		case e.Again():
			return ErrInDoubt
		}
	}
	if d.end == 0 || d.end > c.send.start {
		return ErrNotSent
	}
	return ErrInDoubt
}

// failure returns the error for d. The client's mutex is held, or d is not
// known to anybody else yet.
func (d *Delivery) failure(outcome, cause error) error {
	if d.op != nil && d.op.request != nil {
		return d.op.request.failure(outcome, cause)
	}
	return &PublishError{Topic: d.topic, PacketID: d.idLocked(), Outcome: outcome, Err: cause}
}

// enterWait tells that a goroutine waits for the server, perhaps from inside a
// handler: reading must not stop for a full receive queue meanwhile.
func (c *Client) enterWait() {
	c.mu.Lock()
	c.recv.enter()
	c.mu.Unlock()
}

func (c *Client) leaveWait() {
	c.mu.Lock()
	c.recv.leave()
	c.mu.Unlock()
}

// asError is errors.As for a pointer type, without its panics.
func asError[T error](err error, target *T) bool { return errors.As(err, target) }
