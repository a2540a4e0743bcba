package sparkplug

import (
	"testing"
	"testing/synctest"
)

// Whoever brings what a server sends waits while another goroutine makes the calls, and many are in line.
func TestALineOfCallsDoesNotGrowWithoutEnd(t *testing.T) {
	for name, end := range map[string]func(slow, done chan struct{}){
		"until they are made": func(slow, _ chan struct{}) { close(slow) },
		"until the end":       func(slow, done chan struct{}) { close(done); close(slow) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var o outbox
				slow, done := make(chan struct{}), make(chan struct{})
				o.post(func() { <-slow })
				go o.flush()
				synctest.Wait()
				brought, made := 0, 0
				go func() {
					for range 3 * mostInLine {
						o.post(func() { made++ })
						brought++
						o.flushInTurn(done)
					}
				}()
				synctest.Wait()
				if brought != mostInLine {
					t.Errorf("%d calls are in line", brought)
				}
				end(slow, done)
				synctest.Wait()
				if brought != 3*mostInLine || made != brought {
					t.Errorf("%d calls were brought, and %d made", brought, made)
				}
			})
		})
	}
}
