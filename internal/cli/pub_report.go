package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dunlin/internal/environ"
	"dunlin/internal/feed"
	"dunlin/internal/publish"
	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

// errUnmatched: nobody subscribes to the topic of a message that was to reach somebody.
var errUnmatched = errors.New("no matching subscribers")

// lateError: the time was over before all was published.
type lateError struct{ account string }

func (e *lateError) Error() string { return e.account }

// pubReport says on stderr what becomes of the messages.
type pubReport struct {
	app      *app
	command  string // for what is said
	bound    string // what ends a long wait
	single   bool   // there is one message, so its error says it all
	matching bool   // a message to which nobody subscribes is a failure
	source   feed.Source

	told     error // the first failure that was told
	progress *terminal.Progress

	connected func() bool
	settled   int           // how many messages had ended when last looked
	since     time.Duration // of the run: since when none has ended that is under way
	waiting   bool          // that was told
}

// tooSlow is how long the broker may take to acknowledge before that is told.
const tooSlow = 5 * time.Second

// tooLong is from when on the work is long, so that its progress is shown.
const tooLong = 2 * time.Second

func newPubReport(a *app, source feed.Source, matching bool) *pubReport {
	measured, ok := source.(feed.Measured)
	return &pubReport{app: a, command: "pub", bound: "-W bounds that", source: source, matching: matching, single: ok && measured.Total() == 1}
}

// watch has o tell the report of everything.
func (r *pubReport) watch(o *publish.Options) {
	if !r.single {
		o.Failed = func(f publish.Failure) { r.tell(f.Line, f.Number, f.Err) }
	}
	if r.matching {
		o.Completed = func(number int, m *mqtt.Message, answer mqtt.Answer) {
			if len(answer.Codes) > 0 && answer.Codes[0] == publish.NoMatch {
				r.tell(0, number, fmt.Errorf("publish to %q: %w", m.Topic, errUnmatched))
			}
		}
	}
	o.Progress = r.await
	if measured, ok := r.source.(feed.Measured); ok && (measured.Total() > 1 || measured.Portion() >= 0) {
		o.Every = 200 * time.Millisecond
		o.Progress = func(p publish.Progress) {
			r.await(p)
			r.show(p)
		}
	}
}

// await tells when the broker has not acknowledged anything for long that is under way.
func (r *pubReport) await(p publish.Progress) {
	settled := p.Completed + p.Refused + p.InDoubt + p.Unsent + p.Bad
	if settled != r.settled || settled == p.Taken || !r.connected() {
		r.settled, r.since, r.waiting = settled, p.Elapsed, false
	} else if !r.waiting && p.Elapsed-r.since >= tooSlow {
		r.waiting = true
		r.app.note("%s: waiting for the broker, which has taken and acknowledged nothing for %v; %s", r.command, tooSlow, r.bound)
	}
}

// tell says why a message was not published, and which it is.
func (r *pubReport) tell(line, number int, err error) {
	if r.told == nil {
		r.told = err
	}
	bad := (*feed.LineError)(nil)
	switch {
	case r.single:
	case errors.As(err, &bad): // it has its number
		r.app.note("%s: %v", r.command, err)
	case line > 0:
		r.app.note("%s: line %d: %v", r.command, line, err)
	default:
		r.app.note("%s: message %d: %v", r.command, number, err)
	}
}

// show shows how far it is, once that takes long.
func (r *pubReport) show(p publish.Progress) {
	if p.Elapsed < tooLong {
		return
	}
	if r.progress == nil {
		r.progress = terminal.NewProgress(r.app.screen, terminal.ProgressOptions{
			Terminal: r.app.StderrTerminal, Label: "published", Total: int64(p.Total), Began: time.Now().Add(-p.Elapsed),
		})
		r.app.noting.Lock()
		r.app.Stderr = r.progress.Around(r.app.Stderr)
		r.app.noting.Unlock()
	}
	r.progress.Set(int64(p.Completed))
}

// end leaves the last state of the progress on the screen.
func (r *pubReport) end() {
	if r.progress != nil {
		r.progress.Finish()
	}
}

// outcome returns how the command ends. Of many messages the failures were told one by one, and what is left to say is how
// many they were.
func (r *pubReport) outcome(ctx context.Context, result publish.Result, err error) error {
	var interrupt environ.Interrupt
	if errors.As(context.Cause(ctx), &interrupt) && err != nil {
		r.app.note("%s: interrupted: %s", r.command, r.account(result))
		return err
	}
	if err != nil && errors.Is(context.Cause(ctx), errTimeout) {
		return &lateError{r.account(result)}
	}
	if err == nil {
		err = r.told
	}
	if err == nil || r.single {
		return withoutMatch(err)
	}
	f := classify(withoutMatch(err))
	if f == nil {
		f = &failure{status: ExitFailure, err: err}
	}
	if f.status == ExitUsage { // a line, not the command line
		f = &failure{status: ExitFailure, err: f.err}
	}
	if r.told == nil {
		return &failure{status: f.status, err: fmt.Errorf("%s: %w; %s", r.command, err, r.account(result)), hint: f.hint}
	}
	return &failure{status: f.status, err: fmt.Errorf("%s: %s", r.command, r.account(result)), hint: f.hint}
}

// withoutMatch gives the error that nobody subscribes its status.
func withoutMatch(err error) error {
	if errors.Is(err, errUnmatched) {
		return &failure{status: ExitRejected, err: err}
	}
	return err
}

// account says what became of the messages, and leaves out what became of none.
func (r *pubReport) account(result publish.Result) string {
	parts := []string{fmt.Sprintf("%d published", result.Completed)}
	if r.matching && result.Unmatched > 0 {
		parts = append(parts, fmt.Sprintf("%d of them to no subscriber", result.Unmatched))
	}
	for _, part := range []struct {
		count int
		text  string
	}{
		{result.Refused, "refused"}, {result.InDoubt, "in doubt: sent, but not acknowledged"}, {result.Unsent, "not sent"}, {result.Bad, "not understood"},
	} {
		if part.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.count, part.text))
		}
	}
	return strings.Join(parts, ", ")
}
