package ui

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"

	"dunlin/internal/ui/protocol"
)

const (
	// pushEvery is how often a viewer is told what has changed.
	pushEvery = 100 * time.Millisecond
	// figuresEvery is how often it is told of figures that change all the time.
	figuresEvery = time.Second
	// writeTimeout is how long a page may take to read a text, before it is taken for dead.
	writeTimeout = 30 * time.Second
	// maxAsks is how many operations of one viewer that reckon are under way at once. The next one waits, and those behind it.
	maxAsks = 8
	// maxWaits is how many operations of one viewer wait for something at once. The next one is refused.
	maxWaits = 16
)

// viewer is an open page.
type viewer struct {
	hub    *hub
	conn   *websocket.Conn
	ctx    context.Context // ends with the page or the server
	cancel context.CancelFunc
	out    chan []byte    // answers on their way to the page; who has one waits until it is taken
	asks   chan struct{}  // holds a value for each operation that reckons
	large  chan struct{}  // holds a value while a large payload is read, until the page has it
	waits  chan struct{}  // holds a value for each operation that waits
	kick   chan struct{}  // holds a value when something is to be told at once
	work   sync.WaitGroup // operations, and the writer

	mu         sync.Mutex
	scenes     map[int]*scene // by connection
	watch      watching
	watches    int                        // how often was said what that is
	progress   map[task]protocol.Progress // that was not told yet
	publishing map[int]publishing         // by their numbers
	publishes  int                        // how many there were

	told told // of the writer alone
}

func newViewer(h *hub, conn *websocket.Conn) *viewer {
	v := &viewer{
		hub: h, conn: conn, out: make(chan []byte), asks: make(chan struct{}, maxAsks), waits: make(chan struct{}, maxWaits), large: make(chan struct{}, 1), kick: make(chan struct{}, 1),
		scenes: map[int]*scene{}, progress: map[task]protocol.Progress{}, publishing: map[int]publishing{}, told: told{edits: -1, figures: map[int]int64{}},
	}
	v.ctx, v.cancel = context.WithCancel(h.ctx)
	return v
}

// serve reads what the page asks until it is gone.
func (v *viewer) serve() {
	v.work.Go(v.write)
	v.read()
	v.cancel()
	_ = v.conn.CloseNow() // the page has gone, or is to go
	v.work.Wait()
}

// read takes one ask after the other.
func (v *viewer) read() {
	for {
		_, text, err := v.conn.Read(v.ctx)
		if err != nil {
			return
		}
		var ask protocol.Ask
		if err := json.Unmarshal(text, &ask); err != nil {
			_ = v.conn.Close(websocket.StatusInvalidFramePayloadData, "this is not what the page says")
			return
		}
		if !v.begin(&ask) {
			return
		}
	}
}

// begin runs an operation: at once where it is quick, so that what the page says comes into force in its order, and beside the
// others where it may take long. It is false when the viewer has ended.
func (v *viewer) begin(ask *protocol.Ask) bool {
	op, known := operations[ask.Do]
	switch {
	case !known:
		return v.answer(ask.ID, nil, fmt.Errorf("there is no operation %q; reload the page, which may be older than the server", ask.Do))
	case op.changes && v.hub.o.ReadOnly:
		return v.answer(ask.ID, nil, errReadOnly)
	case op.long:
		select {
		case v.asks <- struct{}{}:
			v.beside(ask, &op, v.asks)
			return true
		case <-v.ctx.Done():
			return false
		}
	case op.waits:
		select {
		case v.waits <- struct{}{}:
			v.beside(ask, &op, v.waits)
			return true
		default:
			return v.answer(ask.ID, nil, fmt.Errorf("%d operations wait already; wait until one has ended", maxWaits))
		}
	}
	result, err := op.run(v, ask.With)
	rest, ok := result.(slow)
	if !ok || err != nil {
		return v.finish(ask, result, err)
	}
	select {
	case v.asks <- struct{}{}:
		op.run = func(*viewer, json.RawMessage) (any, error) { return rest() }
		v.beside(ask, &op, v.asks)
		return true
	case <-v.ctx.Done():
		return false
	}
}

// beside runs an operation beside the others, and then gives its place back.
func (v *viewer) beside(ask *protocol.Ask, op *operation, place <-chan struct{}) {
	v.work.Go(func() {
		defer func() { <-place }()
		v.perform(ask, op)
	})
}

// perform runs an operation, and answers.
func (v *viewer) perform(ask *protocol.Ask, op *operation) bool {
	result, err := op.run(v, ask.With)
	return v.finish(ask, result, err)
}

// finish answers, and does what is done once the page has the answer.
func (v *viewer) finish(ask *protocol.Ask, result any, err error) bool {
	if then, ok := result.(andThen); ok && err == nil {
		good := v.answer(ask.ID, then.result, nil)
		then.do()
		v.wake()
		return good
	}
	return v.answer(ask.ID, result, err)
}

// wake has what has changed told at once.
func (v *viewer) wake() {
	select {
	case v.kick <- struct{}{}:
	default:
	}
}

// answer sends the answer of an operation. It is false when the viewer has ended.
func (v *viewer) answer(id int, result any, err error) bool {
	a := protocol.Answer{ID: id, Result: result}
	if err != nil {
		a.Result, a.Error = nil, v.hub.line(err)
	}
	text, err := json.Marshal(a)
	if err != nil { // a number that JSON has not, perhaps
		text, _ = json.Marshal(protocol.Answer{ID: id, Error: "the answer cannot be written: " + err.Error()})
	}
	select {
	case v.out <- text:
		return true
	case <-v.ctx.Done():
		return false
	}
}

// write sends answers, and ten times a second what has changed. While the page does not read it waits here, and what changes
// meanwhile is told as one.
func (v *viewer) write() {
	defer v.cancel()
	ticker := time.NewTicker(pushEvery)
	defer ticker.Stop()
	good := v.push(time.Now())
	for good {
		select {
		case text := <-v.out:
			good = v.sendText(text)
		case <-v.kick:
			good = v.push(time.Now())
		case <-ticker.C:
			good = v.push(time.Now())
		case <-v.ctx.Done():
			return
		}
	}
}

// sendText writes one text.
func (v *viewer) sendText(text []byte) bool {
	ctx, cancel := context.WithTimeout(v.ctx, writeTimeout)
	defer cancel()
	return v.conn.Write(ctx, websocket.MessageText, text) == nil
}
