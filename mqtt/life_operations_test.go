package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
)

// operation is something that the application asks for. begin calls ended once for each
// end of it.
type operation struct {
	name  string
	waits bool // for another connection, where one follows
	begin func(w *walk, ended func(error))
}

// waited has an operation that is a call end with its return.
func waited(call func(w *walk) error) func(*walk, func(error)) {
	return func(w *walk, ended func(error)) { go func() { ended(call(w)) }() }
}

// told has an operation end with the call of its callback, or with the error of the call
// that begins it.
func told(call func(w *walk, done func(error)) (*mqtt.Delivery, error)) func(*walk, func(error)) {
	return func(w *walk, ended func(error)) {
		if _, err := call(w, ended); err != nil {
			ended(err)
		}
	}
}

var operations = []operation{
	{"publish of QoS 0", false, told(func(w *walk, done func(error)) (*mqtt.Delivery, error) { return w.publish(0, done) })},
	{"publish of QoS 1", true, told(func(w *walk, done func(error)) (*mqtt.Delivery, error) { return w.publish(1, done) })},
	{"publish of QoS 2", true, told(func(w *walk, done func(error)) (*mqtt.Delivery, error) { return w.publish(2, done) })},
	{"subscribe", true, told(func(w *walk, done func(error)) (*mqtt.Delivery, error) {
		return w.client.SubscribeAsync(context.Background(), []mqtt.Subscription{{Filter: "f"}}, done)
	})},
	{"unsubscribe", true, told(func(w *walk, done func(error)) (*mqtt.Delivery, error) {
		return w.client.UnsubscribeAsync(context.Background(), []string{"f"}, done)
	})},
	{"ping", false, waited(func(w *walk) error { _, err := w.client.Ping(w.bound()); return err })},
	{"request", false, waited(func(w *walk) error {
		_, err := w.client.Request(w.bound(), mqtt.Message{Topic: "ask", QoS: mqtt.AtLeastOnce})
		return err
	})},
	{"authentication", false, waited(func(w *walk) error { return w.client.Reauthenticate(w.bound()) })},
}

// bound returns a context that ends when the test is over.
func (w *walk) bound() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	w.t.Cleanup(cancel)
	return ctx
}

// TestOperationsInEachPhase asks clients of each kind for each operation, in each phase of
// their lives, and has something happen then. It is taken, kept or refused as the rules
// say, and ends once; and the client is well afterwards, or has ended.
func TestOperationsInEachPhase(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			eachWalk(t, func(w *walk) { w.perform(&op) })
		})
	}
}

func (w *walk) perform(op *operation) {
	w.arrive(nil, nil)
	ends := make(chan error, 10)
	_, before := w.server.link()
	op.begin(w, func(err error) { ends <- err })
	synctest.Wait()
	_, after := w.server.link()
	rule := w.rule(op.waits)
	if sent := after > before; sent != (rule == "taken") {
		w.t.Errorf("%s, and the server got %d packets", rule, after-before)
	}
	refused := rule == "closed" || rule == "not connected"
	if early := len(ends) > 0; early != (refused || op.name == "publish of QoS 0") {
		w.t.Errorf("%s, and it has ended: %v", rule, early)
	}
	w.happen(w.event)
	w.settle()
	if len(ends) != 1 {
		w.t.Fatalf("it has ended %d times", len(ends))
	}
	err := <-ends
	if refused {
		w.checkRefusal(op, rule, err)
	} else {
		w.checkOutcome(op, rule, err)
	}
	w.finish()
	if len(ends) != 0 {
		w.t.Errorf("it has ended again: %v", <-ends)
	}
}

// checkRefusal checks that err says whether the client comes back, and that nothing was
// sent.
func (w *walk) checkRefusal(op *operation, rule string, err error) {
	w.t.Helper()
	closed, lost := errors.Is(err, mqtt.ErrClosed), errors.Is(err, mqtt.ErrNotConnected)
	if closed != (rule == "closed") || lost != (rule == "not connected") {
		w.t.Errorf("%s: %v", rule, err)
	}
	if says := op.name != "ping" && op.name != "authentication"; says != errors.Is(err, mqtt.ErrNotSent) {
		w.t.Errorf("it does not say what was sent: %v", err)
	}
}

// checkOutcome checks the end of what was taken or parked.
func (w *walk) checkOutcome(op *operation, rule string, err error) {
	w.t.Helper()
	for _, want := range w.outcome(op, rule) {
		if !errors.Is(err, want) {
			w.t.Errorf("%s: %v, want %v", rule, err, want)
		}
	}
	if len(w.outcome(op, rule)) == 0 && err != nil {
		w.t.Errorf("%s: %v", rule, err)
	}
}

// outcome returns what the error of an operation is to be; none: there is no error.
func (w *walk) outcome(op *operation, rule string) []error {
	bare := op.name == "ping" || op.name == "authentication" // nothing is asked again, or in doubt
	qos := strings.Index("012", op.name[len(op.name)-1:])
	switch {
	case qos == 0, w.event == "answers":
		return nil // it was written, or is answered
	case w.comesBack() && bare:
		return []error{mqtt.ErrNotConnected}
	case w.comesBack():
		return nil
	case bare:
		return []error{mqtt.ErrClosed}
	case w.saves && qos > 0:
		return []error{mqtt.ErrSaved, mqtt.ErrClosed}
	case rule == "parked":
		return []error{mqtt.ErrNotSent, mqtt.ErrClosed}
	default:
		return []error{mqtt.ErrInDoubt, mqtt.ErrClosed}
	}
}

// TestCloseInEachPhase closes clients in each phase, with options for DISCONNECT and without, while
// something happens. It returns in time, and again.
func TestCloseInEachPhase(t *testing.T) {
	for name, closeIt := range map[string]func(w *walk) error{
		"Close": func(w *walk) error { return w.client.Close(context.Background()) },
		"CloseWith": func(w *walk) error {
			return w.client.CloseWith(context.Background(), mqtt.DisconnectOptions{Code: 4})
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachWalk(t, func(w *walk) {
				w.arrive(nil, nil)
				if name == "CloseWith" && w.phase != "live" {
					var bad *mqtt.ArgumentError // there is nobody to say it to
					if err := closeIt(w); !errors.As(err, &bad) {
						w.t.Errorf("%v", err)
					}
					w.happen(w.event)
					w.settle()
					w.finish()
					return
				}
				begun := time.Now()
				closed := async(func() error { return closeIt(w) })
				w.happen(w.event)
				if err := <-closed; err != nil {
					w.t.Errorf("%v", err)
				}
				if spent := time.Since(begun); spent > 12*time.Second && w.event != "silence" {
					w.t.Errorf("after %v", spent)
				}
				<-w.client.Done()
				w.event = "Close"
				w.finish()
			})
		})
	}
}

// TestMessagesAreAcknowledgedInEachPhase has a handler return, or Received.Ack called, in
// each phase of the life after the message came. On the connection that it came on it is
// acknowledged; otherwise when it comes again; and what comes later is, too.
func TestMessagesAreAcknowledgedInEachPhase(t *testing.T) {
	for name, manual := range map[string]bool{"return of the handler": false, "Received.Ack": true} {
		for qos := mqtt.AtLeastOnce; qos <= mqtt.ExactlyOnce; qos++ {
			t.Run(fmt.Sprintf("%s, QoS %d", name, qos), func(t *testing.T) {
				eachWalk(t, func(w *walk) { w.acknowledge(qos, manual) })
			})
		}
	}
}

func (w *walk) acknowledge(qos mqtt.QoS, manual bool) {
	came, release := make(chan *mqtt.Received, 1), make(chan struct{})
	w.arrive(func(cfg *mqtt.Config) { cfg.ManualAck = manual }, func() {
		first := func(m *mqtt.Received) {
			came <- m
			if !manual {
				<-release
			}
		}
		w.handle.Store(&first)
		w.server.message(qos, 1)
	})
	if len(came) == 0 { // there was no connection yet
		w.event = "Close"
		return
	}
	m := <-came
	later := func(m *mqtt.Received) { _ = m.Ack() }
	w.handle.Store(&later)
	close(release)
	if manual {
		w.checkAck(qos, m.Ack())
	}
	<-time.After(time.Millisecond) // what handlers have done is counted
	stands := w.phase == "live" || w.phase == "draining"
	if left := w.server.open(); stands != (left == 0) {
		w.t.Errorf("%d messages are not acknowledged", left)
	}
	w.happen(w.event)
	w.settle()
	if left := w.server.open(); w.comesBack() && left != 0 {
		w.t.Errorf("%d messages are never acknowledged", left)
	}
	w.finish()
	if w.saves && qos == mqtt.ExactlyOnce && !manual && w.server.open() > 0 {
		w.checkNoted()
	}
}

// checkAck checks what Ack says: of QoS 1 nothing outlives the connection.
func (w *walk) checkAck(qos mqtt.QoS, err error) {
	w.t.Helper()
	var want error
	switch {
	case w.phase == "ended" || w.phase == "closed":
		want = mqtt.ErrClosed
	case qos == mqtt.ExactlyOnce || w.phase == "live" || w.phase == "draining":
	case w.reconnects && !strings.HasSuffix(w.phase, "by Close"):
		want = mqtt.ErrNotConnected
	default:
		want = mqtt.ErrClosed
	}
	if !errors.Is(err, want) {
		w.t.Errorf("Ack: %v, want %v", err, want)
	}
}

// checkNoted checks that the next process does not give a handler what one has had: that it
// returned was saved, whenever that was.
func (w *walk) checkNoted() {
	w.t.Helper()
	w.server.set(func(s *serverOf) { s.away, s.answers, s.silent = false, true, false })
	twice := func(*mqtt.Received) { w.t.Error("a handler has the message a second time") }
	w.handle.Store(&twice)
	c, err := mqtt.Dial(context.Background(), "mqtt://one", w.config())
	must(w.t, err)
	<-time.After(5 * time.Second)
	if w.server.open() != 0 {
		w.t.Error("the message is never acknowledged")
	}
	must(w.t, c.Close(context.Background()))
}
