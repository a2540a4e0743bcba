package ui_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dunlin/internal/mosquitto"
	"dunlin/internal/ui"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// TestWhatIsRecordedIsReplayed records what a broker sends, opens the file, and publishes it to another broker.
func TestWhatIsRecordedIsReplayed(t *testing.T) {
	b, other := mosquitto.Start(t, mosquitto.Options{}), mosquitto.Start(t, mosquitto.Options{})
	folder := t.TempDir()
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL(), "a/#"), all(other.URL(), "a/#")}, Folder: folder}))
	v.connected(1)
	v.connected(2)
	subscribed(v, 1)
	subscribed(v, 2)
	var c protocol.Connection
	v.must("record", protocol.Only{Connection: 1}, &c)
	if err := v.ask("record", protocol.Only{Connection: 1}, nil); c.Recording == "" || err == nil || !strings.Contains(err.Error(), "recorded already") {
		t.Fatalf("recorded in %q, and twice: %v", c.Recording, err)
	}
	name := c.Recording
	p := client(t, b.URL(), mqtt.Config{})
	for i := range 3 {
		publish(t, p, "a/b", fmt.Sprint(i), false)
	}
	v.connection(1, "three messages", func(c protocol.Connection) bool { return c.Messages == 3 })
	c = protocol.Connection{}
	v.must("stopRecording", protocol.Only{Connection: 1}, &c)
	var files []protocol.File
	v.must("files", protocol.Only{}, &files)
	if len(files) != 1 || files[0].Name != name || c.Recording != "" {
		t.Fatalf("the files are %+v, of a recording %q that goes on in %q", files, name, c.Recording)
	}

	v.must("connect", protocol.Connect{Replay: name}, &c)
	v.connection(c.ID, "all of it, at its end", func(c protocol.Connection) bool {
		return c.Messages == 3 && c.Replay != nil && c.Replay.Loaded == 3 && c.Replay.Speed == 0 && c.Replay.At == c.Replay.To
	})
	// Once more from the beginning: what was there is not there twice, and the other broker gets it.
	v.must("replay", protocol.Replay{Connection: c.ID, Speed: -1, Into: 2}, nil)
	v.connection(2, "what was recorded", func(c protocol.Connection) bool { return c.Messages == 3 })
	v.connection(c.ID, "three messages", func(c protocol.Connection) bool { return c.Messages == 3 && c.Replay.Speed == 0 })
}

// subscribed waits until the broker has answered all subscriptions of a connection, by a message that comes back.
func subscribed(v *viewer, id int) {
	v.t.Helper()
	v.must("subscribe", protocol.Subscribe{Connection: id, Filter: protocol.Filter{Filter: "a/#", QoS: 1}}, nil)
}

const recorded = `{"tst":"2026-05-01T12:00:00Z","topic":"a","payload":"1"}
not JSON
{"tst":"2026-05-01T13:00:00Z","topic":"a","payload":"2"}
{"tst":"2026-05-01T14:00:00Z","topic":"b","payload":"3"}
`

// folderWithRecording makes a folder with that in day.ndjson.
func folderWithRecording(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "day.ndjson"), []byte(recorded), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestSeekingInARecording goes forward and back, and stands still there.
func TestSeekingInARecording(t *testing.T) {
	folder := folderWithRecording(t)
	v := view(t, start(t, ui.Options{Folder: folder}))
	var c protocol.Connection
	v.must("connect", protocol.Connect{Replay: "day.ndjson"}, &c)
	end := v.connection(c.ID, "the end", func(c protocol.Connection) bool {
		return c.Replay.Loaded == 3 && c.Replay.Speed == 0 && strings.Contains(c.Detail, "lines that are no messages: 1; the last: line 2")
	})
	const hour = 3_600_000
	from := end.Replay.From
	if end.Replay.To != from+2*hour {
		t.Fatalf("it goes from %d to %d", from, end.Replay.To)
	}
	for _, step := range []struct{ to, loaded int64 }{{hour / 2, 1}, {hour + 1, 2}, {0, 0}, {3 * hour, 3}} {
		v.forget()
		v.must("replay", protocol.Replay{Connection: c.ID, Seek: true, At: from + step.to}, nil)
		v.connection(c.ID, fmt.Sprint(step.loaded, " messages"), func(c protocol.Connection) bool {
			return c.Messages == step.loaded && int64(c.Replay.Loaded) == step.loaded && c.Replay.Speed == 0
		})
	}
	v.must("disconnect", protocol.Only{Connection: c.ID}, nil)
	v.connection(c.ID, "that it has ended", func(c protocol.Connection) bool { return c.State == "ended" && c.Messages == 3 })
}

// TestTopicIsGoneBeforeItsFirstMessage looks at one, and goes back to before it.
func TestTopicIsGoneBeforeItsFirstMessage(t *testing.T) {
	folder := folderWithRecording(t)
	v := view(t, start(t, ui.Options{Folder: folder}))
	var c protocol.Connection
	v.must("connect", protocol.Connect{Replay: "day.ndjson"}, &c)
	c = v.connection(c.ID, "all of it", func(c protocol.Connection) bool { return c.Replay.Loaded == 3 && c.Replay.Speed == 0 })
	v.must("see", protocol.See{Connection: c.ID, Count: 10}, nil)
	row := v.row("b", nil)
	looked := func(what string, right func(topic *protocol.Topic) bool) {
		t.Helper()
		await(v, what, func(p protocol.Push) (bool, bool) {
			return true, p.Topic != nil && p.Topic.Node == row.Node && p.Topic.Topic == "b" && right(p.Topic)
		})
	}
	v.must("look", protocol.Look{Connection: c.ID, Node: row.Node}, nil)
	looked("the topic", func(topic *protocol.Topic) bool { return topic.Messages == 1 })
	v.must("replay", protocol.Replay{Connection: c.ID, Seek: true, At: c.Replay.From}, nil)
	looked("that it is gone", func(topic *protocol.Topic) bool {
		return topic.Messages == 0 && topic.Last == 0 && len(topic.Path) == 0
	})
	v.must("replay", protocol.Replay{Connection: c.ID, Seek: true, At: c.Replay.To + 1}, nil)
	looked("that it is there again", func(topic *protocol.Topic) bool { return topic.Messages == 1 && len(topic.Path) == 1 })
}

// TestWhereARecordingGoesMayEnd: one can pause and go elsewhere in it even so.
func TestWhereARecordingGoesMayEnd(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	folder := folderWithRecording(t)
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}, Folder: folder}))
	v.connected(1)
	var c protocol.Connection
	v.must("connect", protocol.Connect{Replay: "day.ndjson"}, &c)
	v.connection(c.ID, "all of it", func(c protocol.Connection) bool { return c.Replay.Loaded == 3 && c.Replay.Speed == 0 })
	v.must("replay", protocol.Replay{Connection: c.ID, Into: 1}, nil)
	v.must("disconnect", protocol.Only{Connection: 1}, nil)
	v.must("replay", protocol.Replay{Connection: c.ID, Into: 1, Speed: -1}, nil)
	v.connection(c.ID, "why it stands still", func(c protocol.Connection) bool {
		return c.Replay.Speed == 0 && c.Replay.Loaded == 1 && strings.Contains(c.Detail, "has ended; connect again")
	})
	v.must("replay", protocol.Replay{Connection: c.ID, Into: 1, Seek: true}, nil)
}

// TestRecordingsThatCannotBe are refused in one line.
func TestRecordingsThatCannotBe(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	folder := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside.ndjson")
	for _, file := range []string{outside, filepath.Join(folder, "note.txt"), filepath.Join(folder, "day.ndjson")} {
		if err := os.WriteFile(file, []byte(recorded), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}, Folder: folder}))
	v.connected(1)
	none := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL())}}))
	none.connected(1)
	var c protocol.Connection
	v.must("connect", protocol.Connect{Replay: "day.ndjson"}, &c)
	none.must("disconnect", protocol.Only{Connection: 1}, nil)
	v.must("connect", protocol.Connect{URL: b.URL(), Filters: []protocol.Filter{{Filter: "x"}}}, nil)
	v.connected(3)
	v.must("disconnect", protocol.Only{Connection: 3}, nil)
	for _, test := range []struct {
		v    *viewer
		do   string
		with any
		want string
	}{
		{v, "connect", protocol.Connect{Replay: outside}, "cannot be opened"},
		{v, "connect", protocol.Connect{Replay: "../" + filepath.Base(filepath.Dir(outside)) + "/outside.ndjson"}, "cannot be opened"},
		{v, "connect", protocol.Connect{Replay: "none.ndjson"}, "cannot be opened"},
		{v, "connect", protocol.Connect{Replay: "note.txt"}, "is no recording"},
		{v, "connect", protocol.Connect{Replay: "."}, "is no recording"},
		{v, "record", protocol.Only{Connection: c.ID}, "is a recording already"},
		{v, "record", protocol.Only{Connection: 3}, "has ended"},
		{v, "stopRecording", protocol.Only{Connection: 1}, "is not recorded"},
		{v, "replay", protocol.Replay{Connection: 1}, "is no recording"},
		{v, "replay", protocol.Replay{Connection: c.ID, Speed: 1e300}, "choose one from 0.001"},
		{v, "replay", protocol.Replay{Connection: c.ID, Into: c.ID}, "no connection of ours to a broker"},
		{none, "connect", protocol.Connect{Replay: "day.ndjson"}, "--folder"},
		{none, "record", protocol.Only{Connection: 1}, "--folder"},
	} {
		if err := test.v.ask(test.do, test.with, nil); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s %+v: %v; want %q", test.do, test.with, err, test.want)
		}
	}
}

// TestAFolderThatIsGoneIsSaidToBe: what cannot be done with it is said, and what to do.
func TestAFolderThatIsGoneIsSaidToBe(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	folder := filepath.Join(t.TempDir(), "recordings")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	v := view(t, start(t, ui.Options{Brokers: []ui.Broker{all(b.URL(), "a/#")}, Folder: folder}))
	v.connected(1)
	says := func(do string, with any, want string) {
		t.Helper()
		if err := v.ask(do, with, nil); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "statat") {
			t.Errorf("%s: %v", do, err)
		}
	}
	says("connect", protocol.Connect{Replay: "day.ndjson"}, `"day.ndjson" cannot be opened`)
	says("connect", protocol.Connect{Replay: "day.ndjson"}, "choose one of the folder")
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	says("record", protocol.Only{Connection: 1}, "nothing is recorded")
	says("record", protocol.Only{Connection: 1}, "--folder")
	says("files", protocol.Only{}, "the folder of recordings cannot be read")
	says("connect", protocol.Connect{Replay: "day.ndjson"}, "the folder of recordings cannot be read")
}
