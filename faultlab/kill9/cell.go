package kill9

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"dunlin/faultlab/internal/lab"
	"dunlin/faultlab/internal/ledger"
	"dunlin/faultlab/internal/peer"
)

const (
	// maxOpen is how many messages wait for a subscriber at a time.
	maxOpen = 200
	// settle is how long nothing may move at the end before it counts as the end.
	settle = 300 * time.Millisecond
	// mostRepairs is how many failed starts in a row end a cell.
	mostRepairs = 5
)

// cell is one client with one store, killed on one side, with one version.
type cell struct {
	options
	version byte
	side    string

	peer   *peer.Peer
	ledger *ledger.Ledger
	folder string
	random *rand.Rand

	mu      sync.Mutex
	tally   tally
	journal uint64 // highest sequence of the subscriber's effects
	joined  bool   // the client connected once, so its session is there
	events  int
}

func (c *cell) name() string {
	return fmt.Sprintf("%s, MQTT %d, %s", c.client, c.version, c.side)
}

// run kills the client that often and lets it finish.
func (c *cell) run(ctx context.Context, kills int, show func(kills int, t tally)) (t tally, err error) {
	c.ledger = ledger.New()
	c.random = lab.Random(c.seed, c.name())
	if c.folder, err = os.MkdirTemp("", "faultlab-kill9-"); err != nil {
		return t, err
	}
	defer func() { _ = os.RemoveAll(c.folder) }() // the result is known by then
	c.peer, err = peer.Listen(peer.Config{Seed: c.seed, Drop: c.drop, Received: c.received, Connected: c.connected})
	if err != nil {
		return t, err
	}
	defer c.peer.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var sender sync.WaitGroup
	if c.side == sideSubscriber {
		sender.Go(func() { c.send(ctx) })
	}
	for i := 0; i < kills && ctx.Err() == nil && err == nil; i++ {
		err = c.life(ctx, i)
		show(i+1, c.count())
	}
	cancel()
	sender.Wait()
	if err == nil {
		err = c.finish()
	}
	return c.count(), err
}

// send sends messages to the subscriber, about one a millisecond.
func (c *cell) send(ctx context.Context) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for index := uint32(0); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		c.mu.Lock()
		joined := c.joined
		c.mu.Unlock()
		if !joined || c.peer.Open(clientID) >= maxOpen {
			continue
		}
		n := ledger.NewNumber(0, index)
		c.ledger.Accept(n)
		c.peer.Send(clientID, peer.Message{Topic: topic, Payload: ledger.AppendPayload(nil, n), QoS: c.qos[int(index)%len(c.qos)]})
		index++
	}
}

// life starts the client and kills it.
func (c *cell) life(ctx context.Context, number int) error {
	after := time.Duration(60+c.random.IntN(141)) * time.Millisecond
	if c.early && number%2 == 1 {
		after = time.Duration(c.random.IntN(20_000)) * time.Microsecond
	}
	p, err := c.start(number, c.messages)
	if err != nil {
		return err
	}
	select {
	case <-p.started: // the time of a process to begin says nothing about the client
	case <-p.dead:
	}
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-p.dead:
	}
	return c.end(p)
}

// finish starts the client on a sound link, without new messages, until all has
// arrived and nothing moves; and once more, to see that nothing comes again.
func (c *cell) finish() error {
	c.peer.SetDrop(0)
	for range 2 {
		p, err := c.start(0, 0)
		if err != nil {
			return err
		}
		c.awaitQuiet(p)
		if err := c.end(p); err != nil {
			return err
		}
	}
	unfinished := c.peer.Open(clientID)
	c.mu.Lock()
	c.tally.kills -= 2 // these are not among those asked for
	c.tally.unfinished = unfinished
	c.mu.Unlock()
	return nil
}

// awaitQuiet waits until all that was accepted has arrived, every flow has ended,
// and nothing has moved for a while; or until nothing moved for the time allowed.
func (c *cell) awaitQuiet(p *process) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	last, moved := -1, time.Now()
	for {
		select {
		case <-tick.C:
		case <-p.dead:
			return
		}
		c.mu.Lock()
		events := c.events
		c.mu.Unlock()
		if events != last {
			last, moved = events, time.Now()
		}
		quiet := time.Since(moved)
		done := c.ledger.Counts().Lost == 0 && c.peer.Open(clientID) == 0 && c.peer.Links() > 0
		if done && quiet > settle || quiet > c.drain {
			return
		}
	}
}

// received counts a message of the publisher.
func (c *cell) received(_ string, m *peer.Message) {
	c.ledger.ArrivePayload(m.Payload, m.QoS == 2)
	c.moved()
}

func (c *cell) connected(string, bool) {
	c.mu.Lock()
	c.joined = true
	c.events++
	c.mu.Unlock()
}

func (c *cell) moved() {
	c.mu.Lock()
	c.events++
	c.mu.Unlock()
}

// event counts a line of the child.
func (c *cell) event(e event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events++
	switch e.kind {
	case lineAccepted:
		c.ledger.Accept(e.number)
	case lineEffect:
		c.ledger.ArrivePayload(e.payload, e.qos == 2)
		c.journal = max(c.journal, e.sequence)
	case lineSkipped:
		c.tally.skipped++
	case lineFault:
		c.findingLocked(e.text)
	}
}

func (c *cell) findingLocked(text string) {
	if len(c.tally.findings) < 5 {
		c.tally.findings = append(c.tally.findings, text)
	}
}

// count returns what was counted so far.
func (c *cell) count() tally {
	seen := c.peer.Counts() // before our lock: the peer calls us with its own
	c.mu.Lock()
	defer c.mu.Unlock()
	of := c.ledger.Counts()
	t := c.tally
	t.drops, t.violations = seen.Drops, seen.Violated
	t.findings = append(append([]string(nil), t.findings...), seen.Violations...)
	t.accepted, t.arrived, t.lost = of.Accepted, of.Arrived, of.Lost
	t.duplicated, t.repeated, t.wrong = of.Duplicated, of.Repeated, of.Wrong
	return t
}

// process is a running child.
type process struct {
	command *exec.Cmd
	started chan struct{} // closed when it has begun
	dead    chan struct{} // closed when all its lines are read
}

// start starts a child. Its messages are those of stream number.
func (c *cell) start(number, messages int) (*process, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address := c.peer.Addr()
	c.mu.Lock()
	o := orders{
		Client: c.client, Side: c.side, Address: address, Folder: filepath.Join(c.folder, "client"), Version: c.version,
		QoS: c.qos, Stream: uint32(number), Messages: messages, Journal: c.journal,
	}
	c.mu.Unlock()
	said, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	p := &process{command: exec.Command(executable), started: make(chan struct{}), dead: make(chan struct{})}
	p.command.Env = append(os.Environ(), childVariable+"="+string(said))
	lines, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start the child: %w", err)
	}
	go func() {
		defer close(p.dead)
		readEvents(bufio.NewReader(lines), func(e event) {
			if e.kind == lineStarted {
				close(p.started)
			}
			c.event(e)
		})
	}()
	return p, nil
}

// end kills a child. One that ended before was not able to go on: somebody would
// have to repair its store.
func (c *cell) end(p *process) error {
	killed := p.command.Process.Kill() == nil
	<-p.dead
	_ = p.command.Wait() // it was killed; the state tells how it ended
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.kills++
	if killed && !p.command.ProcessState.Exited() {
		c.tally.restarts = 0
		return nil
	}
	c.tally.repairs++
	c.tally.restarts++
	c.findingLocked(p.command.ProcessState.String())
	if c.tally.restarts == mostRepairs {
		return fmt.Errorf("the client did not start %d times in a row", mostRepairs)
	}
	return nil
}
