package mqtt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/store"
)

// keys returns the keys of records, for an error.
func keys(all map[uint64][]byte) string {
	return fmt.Sprintf("%#x", slices.Sorted(maps.Keys(all)))
}

var errDisk = errors.New("no space left on device")

func TestStoreThatFails(t *testing.T) { // peer 4.15, fault 6: a typed outcome, the connection stays, and it recovers
	eachSaving(t, func(s *lasting, w *watched) {
		first := s.publishes(1, "a")[0]
		s.play("> pub 32 1 a")
		w.fails(errDisk)
		for qos := mqtt.QoS(1); qos <= 2; qos++ {
			checkError(s.t, s.Publish(s.ctx, mqtt.Message{Topic: "t", QoS: qos}), mqtt.ErrNotSent, errDisk)
			checkError(s.t, s.Enqueue(s.ctx, mqtt.Message{Topic: "t", QoS: qos}), mqtt.ErrNotSent, errDisk)
		}
		s.expectEvent("error: store: no space left on device")
		s.publishes(0, "b")
		s.play("> pub 30 0 b") // needs no store
		s.play("< 40 02 0001")
		s.expectDone(first) // the outcome does not wait for the store
		tried := w.tries()
		<-time.After(10 * time.Second)
		if n := w.tries() - tried; n < 5 || n > 20 {
			s.t.Errorf("%d tries in ten seconds", n)
		}
		w.fails(nil)
		<-time.After(2 * time.Second)
		if all := records(w); len(all) != 0 {
			s.t.Errorf("records %s are left", keys(all))
		}
		last := s.publishes(2, "c")[0]
		p := s.server.Packet()
		if p[0] != 0x34 {
			s.t.Errorf("got % X", p)
		}
		s.server.SendBytes([]byte{0x50, 2, p[5], p[6]})
		s.server.Packet()
		s.server.SendBytes([]byte{0x70, 2, p[5], p[6]})
		s.expectDone(last)
		if !s.IsConnected() || s.Stats().Connections != 1 {
			s.t.Errorf("%+v", s.Stats())
		}
		for len(s.events) > 0 { // Enqueue returned an error, and may tell it here, too
			if e := <-s.events; !bytes.Contains([]byte(e), []byte("no space left")) {
				s.t.Errorf("unexpected event %q", e)
			}
		}
	})
}

func TestStoreThatCannotBeRead(t *testing.T) { // SR-22, peer 4.15
	synctest.Test(t, func(t *testing.T) {
		kept := store.NewMemory()
		must(t, kept.Close())
		s := newLasting(t, mqtt.V311, func(cfg *mqtt.Config) { cfg.Store = kept })
		checkError(t, <-s.start(), store.ErrClosed)
		if n := len(s.net.all()); n != 0 {
			t.Errorf("%d attempts to connect", n)
		}
	})
}

func TestRecordThatMakesNoSense(t *testing.T) { // SR-22: it is told and left alone, and the others are sent
	eachSaving(t, func(s *lasting, w *watched) {
		s.publishes(1, "a", "b", "c")
		s.play(`> pub 32 1 a
			> pub 32 2 b
			> pub 32 3 c`)
		all := records(w)
		order := slices.Sorted(maps.Keys(all))
		for name, value := range map[string][]byte{
			"empty": {}, "cut": all[order[1]][:10], "cut later": all[order[1]][:14], "of another format": append([]byte{99}, all[order[1]][1:]...),
		} {
			kept := copyOf(w.Memory)
			must(s.t, kept.Commit([]store.Change{{Key: order[1], Value: value}, {Key: 9 << 56, Value: []byte("?")}}))
			next := s.restart(kept, "present")
			next.play(`> pub 3A 1 a
				> pub 3A 3 c
				quiet`)
			for range 2 {
				next.expectEvent("error: store: record 0x")
			}
			next.expectNoEvent()
			if got, there := records(kept)[order[1]]; !there || !bytes.Equal(got, value) {
				s.t.Errorf("%s: the record is gone", name)
			}
		}
	})
}

func TestStoreOfAnother(t *testing.T) { // a store belongs to one client identifier
	eachSaving(t, func(s *lasting, w *watched) {
		synctest.Wait()
		other := newLasting(s.t, mqtt.V311, func(cfg *mqtt.Config) { cfg.Store, cfg.ClientID = copyOf(w.Memory), "other" })
		var arg *mqtt.ArgumentError
		if err := <-other.start(); !errors.As(err, &arg) {
			s.t.Errorf("got %v", err)
		}
		nameless := newLasting(s.t, mqtt.V311, func(cfg *mqtt.Config) {
			cfg.Store, cfg.ClientID, cfg.KeepSession = copyOf(w.Memory), "", false
		})
		if err := <-nameless.start(); !errors.As(err, &arg) {
			s.t.Errorf("got %v", err)
		}
	})
}

// stuckStore is a store whose Commit does not return, as on a network file system
// that is away.
type stuckStore struct {
	*store.Memory
	stuck func()
}

func (s stuckStore) Commit(changes []store.Change) error {
	s.stuck()
	return s.Memory.Commit(changes)
}

func TestCloseWithWhatDoesNotReturn(t *testing.T) { // fault 30
	entered, released := make(chan struct{}, 10), make(chan struct{})
	stuck := func() { entered <- struct{}{}; <-released }
	prepare := func(context.Context, *mqtt.Attempt) error { stuck(); return nil }
	for want, cfg := range map[string]mqtt.Config{
		"the store has not returned":             {Store: stuckStore{store.NewMemory(), stuck}, Reconnect: &mqtt.Reconnect{Background: true}},
		"an attempt to connect has not returned": {Reconnect: &mqtt.Reconnect{Background: true, Prepare: prepare}},
	} {
		cfg.ClientID = "c"
		c, err := mqtt.Dial(ctxFor(t), "mqtt://127.0.0.1:1", cfg)
		must(t, err)
		<-entered
		ctx, cancel := context.WithTimeout(ctxFor(t), 10*time.Millisecond)
		closed := make(chan error, 1)
		go func() { closed <- c.Close(ctx) }()
		select {
		case err = <-closed:
		case <-time.After(5 * time.Second):
			t.Errorf("%s: Close does not return either", want)
		}
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		defer func() { must(t, c.Close(ctxFor(t))) }()
	}
	close(released)
}
