package ui

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"dunlin/internal/ui/protocol"
)

// TestLargePayloadsAreReadFewAtATime, so that many pages do not take the memory of many: two at once, and of one page none while it
// has not taken the answer before. Small ones wait for nothing, and a page that goes leaves no place taken.
func TestLargePayloadsAreReadFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		h, err := newHub(ctx, &Options{})
		if err != nil {
			t.Fatal(err)
		}
		var running, answered atomic.Int32
		finish, take := make(chan struct{}), make(chan struct{})
		viewers := []*viewer{newViewer(h, nil), newViewer(h, nil), newViewer(h, nil)}
		for _, v := range append(viewers, viewers[0], viewers[0]) {
			go func() {
				result, err := v.reckon(large, func() (any, error) {
					running.Add(1)
					<-finish
					running.Add(-1)
					return &protocol.Series{}, nil
				})
				if err != nil {
					return
				}
				answered.Add(1)
				<-take
				result.(andThen).do()
			}()
		}
		state := func(what string, wantRunning, wantAnswered int32) {
			t.Helper()
			synctest.Wait()
			if running.Load() != wantRunning || answered.Load() != wantAnswered {
				t.Errorf("%s: %d run and %d are answered; want %d and %d", what, running.Load(), answered.Load(), wantRunning, wantAnswered)
			}
		}
		state("five wanted", 2, 0)
		if _, err := viewers[0].reckon(large-1, func() (any, error) { return nil, nil }); err != nil {
			t.Error(err)
		}
		close(finish)
		state("none taken", 0, 3)
		take <- struct{}{}
		take <- struct{}{}
		take <- struct{}{}
		state("three taken", 0, 4)
		for _, v := range viewers {
			v.cancel()
		}
		close(take)
		state("the pages have gone", 0, answered.Load())
		if len(h.large) != 0 {
			t.Error("places stay taken")
		}
	})
}
