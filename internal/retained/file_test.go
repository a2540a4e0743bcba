package retained_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dunlin/internal/retained"
	"dunlin/mqtt"
)

func TestFileAppearsWhole(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "export")
	w, err := retained.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Write(&mqtt.Received{Topic: "a", Payload: []byte("x"), Retain: true, PacketID: 5}, time.Unix(0, 0).UTC()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("before Commit: error %v", err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	content, err := os.ReadFile(name)
	if want := `{"tst":"1970-01-01T00:00:00Z","topic":"a","qos":0,"retain":true,"payloadlen":1,"payload":"x"}` + "\n"; string(content) != want || err != nil {
		t.Errorf("got %s and error %v, want %s", content, err, want)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 1 || err != nil {
		t.Errorf("the folder has %v, error %v", entries, err)
	}
}

func TestFileTakesThePlaceOfNoOther(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "export")
	w, err := retained.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := retained.Create(name); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("error %v", err)
	}
	if err := w.Commit(); !errors.Is(err, os.ErrExist) {
		t.Errorf("error %v", err)
	}
	w.Close()
	if content, _ := os.ReadFile(name); string(content) != "precious" {
		t.Errorf("the file has %q", content)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 1 || err != nil {
		t.Errorf("the folder has %v, error %v", entries, err)
	}
}

func TestWrongLinesAreNamed(t *testing.T) {
	const good = `{"topic":"a","retain":true,"payloadlen":1,"payload":"x"}`
	for lines, want := range map[string]string{
		good + "\n\n" + good: "",
		good + "\nx":         "line 2: it is not JSON",
		`{"topic":"a"}`:      "line 1: there is no payload",
		good + "\r\n" + `{"topic":"a/#","retain":true,"payloadlen":1,"payload":"x"}`:                                                  "line 2: ",
		`{"topic":"a","payloadlen":1,"payload":"x"}`:                                                                                  `line 1: the message on "a" is not retained`,
		`{"topic":"a","payload":"x","retain":true,"mid":5,"dup":false,"encoding":"utf-8","properties":{"subscription-identifier":1}}`: "",
		`{"topic":"a","retain":true,"payload":null}`:                                                                                  `line 1: the message on "a" is not retained`,
		`{"topic":"` + strings.Repeat("a", 1000) + `","payload":"x"}`:                                                                 `line 1: the message on "` + strings.Repeat("a", 100) + `" is not`,
		`{"topic":"a","retain":true,"payload":""}`:                                                                                    `line 1: the message on "a" is not retained`,
	} {
		name := filepath.Join(t.TempDir(), "export")
		if err := os.WriteFile(name, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := retained.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = r.Next(t.Context())
		}
		if want == "" && !errors.Is(err, io.EOF) || want != "" && !strings.HasPrefix(err.Error(), name+": "+want) {
			t.Errorf("%q: error %v, want %q", lines, err, want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestExpiredMessagesArePassedOver(t *testing.T) {
	name := filepath.Join(t.TempDir(), "export")
	lines := `{"tst":"2020-01-01T00:00:00Z","topic":"old","retain":true,"payloadlen":1,"payload":"x","properties":{"message-expiry-interval":5}}
{"tst":"2020-01-01T00:00:00Z","topic":"lasting","retain":true,"payloadlen":1,"payload":"x","properties":{"message-expiry-interval":4294967295}}
`
	if err := os.WriteFile(name, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := retained.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for range 2 { // Rewind counts anew
		m, err := r.Next(t.Context())
		if m.Topic != "lasting" || r.Expired != 1 || r.Line() != 2 || err != nil {
			t.Errorf("got %+v, %d expired, line %d, error %v", m, r.Expired, r.Line(), err)
		}
		if err := r.Rewind(1); err != nil {
			t.Fatal(err)
		}
	}
}

// A server may give an expiry to what has none, as mochi-mqtt 2.7.9 does: one of a day.
func TestExpiryOfTheServerMakesNoDifference(t *testing.T) {
	expiry := time.Hour
	for _, given := range []*mqtt.Properties{nil, {}, {MessageExpiry: &expiry}} {
		want, err := retained.DigestOf(mqtt.Message{Topic: "a", Payload: []byte("x")}, true)
		if err != nil {
			t.Fatal(err)
		}
		got, err := retained.DigestOf(mqtt.Message{Topic: "a", Payload: []byte("x"), Properties: given}, true)
		if got != want || err != nil {
			t.Errorf("%+v is another message, error %v", given, err)
		}
	}
}
