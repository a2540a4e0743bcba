package ui

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"dunlin/internal/ui/protocol"
)

// hubOf is a hub with a connection to nothing.
func hubOf(t *testing.T, o Options) (*hub, *connection) {
	t.Helper()
	h, err := newHub(t.Context(), &o)
	if err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	c := h.newConnection(kindBroker, "one", "")
	h.connections = append(h.connections, c)
	h.mu.Unlock()
	t.Cleanup(func() {
		close(c.over)
		h.close(context.Background())
	})
	return h, c
}

// TestSearchOfPacketsHoldsUpNothing has an operation that reckons long under way, and asks for something else.
func TestSearchOfPacketsHoldsUpNothing(t *testing.T) {
	h, c := hubOf(t, Options{})
	v := newViewer(h, nil)
	result, err := v.watchPackets(&protocol.Watch{Connection: c.id, Text: "x", Count: 1})
	if _, ok := result.(slow); !ok || err != nil {
		t.Fatalf("the log is searched at once: %T, %v", result, err)
	}
	goOn := make(chan struct{})
	operations["search for long"] = operation{run: func(*viewer, json.RawMessage) (any, error) {
		return slow(func() (any, error) { <-goOn; return nil, nil }), nil
	}}
	t.Cleanup(func() { delete(operations, "search for long") })
	answered := func() (a protocol.Answer) {
		t.Helper()
		select {
		case text := <-v.out:
			if err := json.Unmarshal(text, &a); err != nil {
				t.Fatal(err)
			}
		case <-time.After(time.Minute):
			t.Fatal("nothing is answered")
		}
		return a
	}
	begun := make(chan bool, 2)
	go func() {
		begun <- v.begin(&protocol.Ask{ID: 1, Do: "search for long"})
		begun <- v.begin(&protocol.Ask{ID: 2, Do: "look", With: json.RawMessage(`{}`)})
	}()
	if a := answered(); a.ID != 2 || a.Error != "" {
		t.Errorf("answered was %+v", a)
	}
	<-begun
	<-begun
	close(goOn)
	if a := answered(); a.ID != 1 {
		t.Errorf("answered was %+v", a)
	}
	v.work.Wait()
}

// TestLatestWatchCounts has the search of an earlier one end later.
func TestLatestWatchCounts(t *testing.T) {
	h, c := hubOf(t, Options{})
	v := newViewer(h, nil)
	var rests []func()
	for _, text := range []string{"first", "second"} {
		result, err := v.watchPackets(&protocol.Watch{Connection: c.id, Text: text, Count: 1})
		rest, ok := result.(slow)
		if !ok || err != nil {
			t.Fatalf("%T, %v", result, err)
		}
		if v.watch.c != nil {
			t.Errorf("while %s is searched for, what was watched before is told", text)
		}
		answer, err := rest()
		if err != nil {
			t.Fatal(err)
		}
		rests = append(rests, answer.(andThen).do)
	}
	for _, do := range slices.Backward(rests) {
		do()
	}
	if v.watch.ask.Text != "second" {
		t.Errorf("watched is %q", v.watch.ask.Text)
	}
}

// TestNoRecordingBeginsAtTheEnd asks for one when the server has ended, which would leave its file open.
func TestNoRecordingBeginsAtTheEnd(t *testing.T) {
	folder := t.TempDir()
	h, c := hubOf(t, Options{Folder: folder})
	h.close(t.Context())
	v := newViewer(h, nil)
	_, err := v.record(&protocol.Only{Connection: c.id})
	if !errors.Is(err, errStopped) || c.writing != nil || c.file != "" {
		t.Errorf("recorded in %q: %v", c.file, err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 0 {
		t.Errorf("the folder has %v, %v", files, err)
	}
}

// TestRecordingEndsWithTheServer, whatever becomes of the connection: its file is whole when the server has closed.
func TestRecordingEndsWithTheServer(t *testing.T) {
	h, c := hubOf(t, Options{Folder: t.TempDir()})
	v := newViewer(h, nil)
	if _, err := v.record(&protocol.Only{Connection: c.id}); err != nil {
		t.Fatal(err)
	}
	r := c.writing
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h.close(ctx) // the connection is still there: nobody has closed c.over
	select {
	case <-r.over:
	default:
		t.Error("the server has closed, and the recording goes on")
	}
	if err := r.w.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("its file was open: %v", err)
	}
}
