package load

import (
	"sync/atomic"
	"time"

	"dunlin/internal/load/scenario"
	"dunlin/mqtt"
)

// closed is a source without a rate: the end of a message lets the next one go. So it takes no goroutine, and what is
// sent for a batch of acknowledgements leaves in one write.
type closed struct {
	credits  atomic.Int64 // messages that may leave; whoever makes it more than 0 has the turn
	idle     atomic.Int64 // messages that might leave if the source were to send, or could
	begun    atomic.Bool  // the window was opened
	flooding atomic.Bool  // a goroutine sends at QoS 0
	waiting  atomic.Int64 // Answered: when the message was due whose answer is awaited; 0: none is
}

// answerTimeout is after how long a closed loop goes on without an answer.
const answerTimeout = 5 * time.Second

// credit lets one more message go.
func (s *source) credit() { s.allow(1) }

func (s *source) allow(n int64) {
	if n <= 0 || s.credits.Add(n) > n {
		return // who has the turn sees to it
	}
	for {
		if !s.step() {
			s.idle.Add(1)
		}
		if s.credits.Add(-1) == 0 {
			return
		}
	}
}

// step sends a message of a closed loop, if the source is to.
func (s *source) step() bool {
	if !s.mayGo() {
		return false
	}
	due := s.c.g.r.now()
	if s.p.spec.Answered {
		s.waiting.Store(due)
	}
	if !s.publish(due) {
		s.waiting.Store(0)
		return false
	}
	s.c.slot.due.Add(1)
	return true
}

// mayGo reports whether the phase and the count let the source go on.
func (s *source) mayGo() bool {
	return s.c.g.sends.Load() && (s.p.spec.Count == 0 || s.given.Load() < int64(s.p.spec.Count))
}

// resume lets go what has waited for a phase, or failed.
func (s *source) resume() {
	n := s.idle.Swap(0)
	if s.begun.CompareAndSwap(false, true) {
		n += s.window()
	}
	s.allow(n)
}

// answered takes an answer, and lets the next message go. It reports when the message was due.
func (s *source) answered() (due int64, awaited bool) {
	if due = s.waiting.Swap(0); due == 0 {
		return 0, false // it came twice, or after the loop had gone on without it
	}
	return due, true
}

// startFlood has a goroutine flood, unless one does.
func (s *source) startFlood() {
	if s.flooding.CompareAndSwap(false, true) {
		s.c.g.r.loops.Go(s.flood)
	}
}

// flood sends at QoS 0 for as long as the phase lasts: nothing acknowledges a message, so the socket sets the pace.
func (s *source) flood() {
	for s.mayGo() {
		var due int64 // of a message that nobody times
		if s.p.carrier != carriesNothing {
			due = s.c.g.r.now()
		}
		if s.publish(due) {
			s.c.slot.due.Add(1)
		} else if s.c.mq.AwaitConnected(s.ctx) != nil || !pause(s.ctx, time.Millisecond) {
			break
		}
	}
	s.flooding.Store(false)
	if s.mayGo() && s.ctx.Err() == nil {
		s.startFlood() // the next phase began meanwhile
	}
}

// floods reports whether a source of that has a goroutine of its own while it sends.
func floods(p *scenario.Publish) bool {
	return p.Rate == 0 && p.QoS == byte(mqtt.AtMostOnce) && !p.Answered
}

// retry lets closed loops go on which could not send, or whose answer is lost. It is called each second.
func (r *run) retry() {
	r.retrying.Lock()
	defer r.retrying.Unlock()
	overdue := r.now() - int64(answerTimeout)
	for _, s := range r.closedLoops {
		if !s.begun.Load() || !s.mayGo() || !s.c.mq.IsConnected() || r.sending.Err() != nil {
			continue
		}
		n := s.idle.Swap(0)
		if due := s.waiting.Load(); due != 0 && due < overdue && s.waiting.CompareAndSwap(due, 0) {
			n++
		}
		if n > 0 {
			go s.allow(n) // it waits where the socket takes nothing, until Run's end at the latest
		}
	}
}
