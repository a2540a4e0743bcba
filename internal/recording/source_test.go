package recording_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/recording"
)

func paced(text string, p recording.Paced) *recording.Paced {
	p.Open = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
	return &p
}

// play returns the messages as topic=payload@milliseconds since the start.
func play(ctx context.Context, p *recording.Paced) (string, error) {
	start := time.Now()
	var all []string
	for {
		m, err := p.Next(ctx)
		if err != nil {
			return strings.Join(all, " "), err
		}
		all = append(all, fmt.Sprintf("%s=%s@%d", m.Topic, m.Payload, time.Since(start).Milliseconds()))
	}
}

// TestMessagesComeWhenTheyAreDue plays recordings in fake time.
func TestMessagesComeWhenTheyAreDue(t *testing.T) {
	moment := func(text string) recording.Moment {
		m, err := recording.ParseMoment(text)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	back := three + `{"tst":"2026-05-01T11:00:00Z","topic":"d","payload":"4"}` + "\n"
	beside := three + `{"tst":"2026-05-01T12:00:04Z","topic":"bc","payload":"4"}` + "\n"
	for name, test := range map[string]struct {
		text string
		p    recording.Paced
		want string
	}{
		"as it came":           {three, recording.Paced{Speed: 1}, "a=1@0 b/c=2@1000 b=3@3000"},
		"ten times as fast":    {three, recording.Paced{Speed: 10}, "a=1@0 b/c=2@100 b=3@300"},
		"as fast as it goes":   {three, recording.Paced{}, "a=1@0 b/c=2@0 b=3@0"},
		"from a moment on":     {three, recording.Paced{Speed: 1, Choice: recording.Choice{From: moment("500ms")}}, "b/c=2@0 b=3@2000"},
		"up to a time":         {three, recording.Paced{Speed: 1, Choice: recording.Choice{To: moment("2026-05-01T12:00:01Z")}}, "a=1@0 b/c=2@1000"},
		"only some topics":     {three, recording.Paced{Speed: 1, Choice: recording.Choice{Filters: []string{"b/#"}}}, "b/c=2@0 b=3@2000"},
		"without some topics":  {three, recording.Paced{Speed: 1, Choice: recording.Choice{FilterOut: []string{"b/+"}}}, "a=1@0 b=3@3000"},
		"one topic and below":  {beside, recording.Paced{Choice: recording.Choice{Maps: []recording.Map{{"b", "x/y"}}}}, "a=1@0 x/y/c=2@0 x/y=3@0 bc=4@0"},
		"all topics":           {three, recording.Paced{Choice: recording.Choice{Maps: []recording.Map{{"a", "z"}, {"", "x"}}}}, "z=1@0 x/b/c=2@0 x/b=3@0"},
		"a clock put back":     {back, recording.Paced{Speed: 1}, "a=1@0 b/c=2@1000 b=3@3000 d=4@3000"},
		"a filter of nothing":  {three, recording.Paced{Loop: true, Choice: recording.Choice{Filters: []string{"q"}}}, ""},
		"nothing in it at all": {"\n\n", recording.Paced{Loop: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := play(t.Context(), paced(test.text, test.p))
				if got != test.want || !errors.Is(err, io.EOF) {
					t.Errorf("%s, then %v; want %s", got, err, test.want)
				}
			})
		})
	}
}

// TestLoop begins again at the end until the context ends, whose cause it returns.
func TestLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5500*time.Millisecond, cause)
		defer cancel()
		got, err := play(ctx, paced(three, recording.Paced{Speed: 1, Loop: true}))
		if want := "a=1@0 b/c=2@1000 b=3@3000 a=1@3000 b/c=2@4000"; got != want || !errors.Is(err, cause) {
			t.Errorf("%s, then %v; want %s, then %v", got, err, want, cause)
		}
	})
}

// TestAWaitThatIsInterruptedGoesOn loses nothing.
func TestAWaitThatIsInterruptedGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := paced(three, recording.Paced{Speed: 1})
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		if got, err := play(ctx, p); got != "a=1@0 b/c=2@1000" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, then %v", got, err)
		}
		if got, err := play(t.Context(), p); got != "b=3@1500" || !errors.Is(err, io.EOF) {
			t.Errorf("afterwards %s, then %v", got, err)
		}
	})
}

// TestMomentsAndMapsThatAreNone are refused with what to write instead.
func TestMomentsAndMapsThatAreNone(t *testing.T) {
	for _, text := range []string{"", "-5s", "noon", "12:00"} {
		if _, err := recording.ParseMoment(text); err == nil || !strings.Contains(err.Error(), "90s") {
			t.Errorf("moment %q: %v", text, err)
		}
	}
	for _, text := range []string{"", "a", "a="} {
		if _, err := recording.ParseMap(text); err == nil || !strings.Contains(err.Error(), "OLD=NEW") {
			t.Errorf("map %q: %v", text, err)
		}
	}
}

// TestSlowestSpeed has the second message wait as long as can be, and not for no time.
func TestSlowestSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*365*24*time.Hour)
		defer cancel()
		if got, err := play(ctx, paced(three, recording.Paced{Speed: 1e-12})); got != "a=1@0" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("in a hundred years came %q, %v", got, err)
		}
	})
}
