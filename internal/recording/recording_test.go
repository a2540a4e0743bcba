package recording_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dunlin/internal/feed"
	"dunlin/internal/recording"
	"dunlin/mqtt"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 123456789, time.UTC)

// message draws one with whatever MQTT 5 allows.
func message(t *rapid.T) mqtt.Message {
	text := rapid.StringMatching(`[a-zäß<>"\\ ]{0,6}`)
	m := mqtt.Message{
		Topic:   rapid.StringMatching(`[a-z/$ "\\é]{1,12}`).Draw(t, "topic"),
		Payload: rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "payload"),
		QoS:     mqtt.QoS(rapid.IntRange(0, 2).Draw(t, "qos")),
		Retain:  rapid.Bool().Draw(t, "retain"),
	}
	if rapid.Bool().Draw(t, "has properties") {
		m.Properties = &mqtt.Properties{
			ContentType: text.Draw(t, "content type"), ResponseTopic: "answers",
			CorrelationData: rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "correlation"),
			UserProperties:  []mqtt.UserProperty{{Name: text.Draw(t, "name"), Value: text.Draw(t, "value")}},
		}
		if rapid.Bool().Draw(t, "expires") {
			m.Properties.MessageExpiry = new(time.Duration(rapid.Uint32().Draw(t, "expiry")) * time.Second)
		}
	}
	return m
}

// TestWhatIsWrittenIsRead writes whatever messages and reads them, compressed and not.
func TestWhatIsWrittenIsRead(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		name := filepath.Join(dir, fmt.Sprint(n, rapid.SampledFrom([]string{"", ".gz"}).Draw(rt, "form")))
		w, err := recording.Create(name)
		if err != nil {
			rt.Fatal(err)
		}
		var want []recording.Entry
		for i := range rapid.IntRange(0, 4).Draw(rt, "messages") {
			e := recording.Entry{Time: noon.Add(time.Duration(i) * time.Millisecond), Message: message(rt), Line: i + 1}
			m := e.Message
			line, err := recording.Append(nil, &mqtt.Received{Topic: m.Topic, Payload: m.Payload, QoS: m.QoS, Retain: m.Retain, Properties: m.Properties}, e.Time)
			if err != nil {
				rt.Fatal(err)
			}
			if _, err := w.Write(line); err != nil {
				rt.Fatal(err)
			}
			want = append(want, e)
		}
		if err := w.Close(); err != nil {
			rt.Fatal(err)
		}
		f, err := os.Open(name)
		if err != nil {
			rt.Fatal(err)
		}
		defer f.Close()
		got, err := readAll(f)
		if !errors.Is(err, io.EOF) || !reflect.DeepEqual(got, want) {
			rt.Fatalf("read %+v, %v; wrote %+v", got, err, want)
		}
	})
}

func readAll(in io.Reader) ([]recording.Entry, error) {
	r, err := recording.NewReader(in)
	if err != nil {
		return nil, err
	}
	var all []recording.Entry
	for {
		e, err := r.Next()
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
}

const three = `{"tst":"2026-05-01T12:00:00Z","topic":"a","payload":"1"}
{"tst":"2026-05-01T12:00:01Z","topic":"b/c","payload":"2"}
{"tst":"2026-05-01T12:00:03Z","topic":"b","payload":"3"}
`

// TestRecordingsThatWereCutShort gives all that is whole, and says what is not.
func TestRecordingsThatWereCutShort(t *testing.T) {
	all, err := readAll(strings.NewReader(three[:len(three)-10]))
	var bad *feed.LineError
	if len(all) != 2 || !errors.As(err, &bad) || bad.Line != 3 || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("%d messages, then %v", len(all), err)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(z, three+three[:20]); err != nil { // and a line that is begun
		t.Fatal(err)
	}
	if err := z.Flush(); err != nil { // as a process that is killed leaves it: not closed
		t.Fatal(err)
	}
	r, err := recording.NewReader(&zipped)
	last := 0
	for err == nil {
		var e recording.Entry
		if e, err = r.Next(); err == nil {
			last = e.Line
		}
	}
	if last != 3 || !errors.Is(err, io.EOF) || !r.Cut() {
		t.Errorf("compressed: line %d is the last, then %v; it has no end: %v", last, err, r.Cut())
	}
}

// TestLinesThatAreNoMessages are told with their number, and what stands behind them is read.
func TestLinesThatAreNoMessages(t *testing.T) {
	for line, want := range map[string]string{
		`{"topic":"a","payload":"1"}`:                                             "line 2: it does not say when the message came; a recording has tst in each line",
		`{"tst":"2026-05-01T12:00:00Z","payload":"1"}`:                            "line 2: it has no topic",
		`{"tst":"noon","topic":"a"}`:                                              `line 2: tst is "noon", which is no time of RFC 3339`,
		`{"tst":"2026-05-01T12:00:00Z","topic":"a/#","payload":"1"}`:              "#",
		`{"tst":"2026-05-01T12:00:00Z","topic":"a","payload":"1","colour":"red"}`: "colour",
	} {
		in := strings.Replace(three, "\n", "\n"+line+"\n", 1)
		r, err := recording.NewReader(strings.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		var told error
		for {
			e, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				told = err
				continue
			}
			got = append(got, string(e.Message.Payload))
		}
		if told == nil || !strings.Contains(told.Error(), want) || strings.Join(got, "") != "123" {
			t.Errorf("%s: %v, messages %v; want %q and 1, 2, 3", line, told, got, want)
		}
	}
}

// TestCreateTakesNoOtherFilesPlace refuses a name that is there.
func TestCreateTakesNoOtherFilesPlace(t *testing.T) {
	name := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(name, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := recording.Create(name)
	if content, _ := os.ReadFile(name); err == nil || string(content) != "mine" {
		t.Errorf("error %v, and the file has %q", err, content)
	}
}
