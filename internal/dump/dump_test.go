package dump_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dunlin/internal/dump"
	"dunlin/mqtt"
)

var noon = time.Date(2026, 11, 29, 13, 0, 0, 500, time.FixedZone("", 3600))

// open returns what keeps messages in a new folder, and that folder.
func open(t *testing.T, last bool) (*dump.Dump, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "deep", "dump")
	d, err := (&dump.Options{Dir: dir, Last: last}).Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, dir
}

// files returns the files below dir, with their content. It goes from folder to folder, because the path to one may be
// longer than the system takes.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	collect(t, root, "", found)
	return found
}

func collect(t *testing.T, root *os.Root, path string, found map[string]string) {
	t.Helper()
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			below, err := root.OpenRoot(entry.Name())
			if err != nil {
				t.Fatal(err)
			}
			collect(t, below, path+entry.Name()+"/", found)
			continue
		}
		content, err := root.ReadFile(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		found[path+entry.Name()] = string(content)
	}
}

func write(t *testing.T, d *dump.Dump, m mqtt.Received) {
	t.Helper()
	if err := d.Write(&m, noon); err != nil {
		t.Fatal(err)
	}
}

func checkFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got := files(t, dir)
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%s: got %q, want %q", name, got[name], content)
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("there is %s", name)
	}
}

func TestEachMessageIsAFile(t *testing.T) {
	d, dir := open(t, false)
	expiry := 90 * time.Second
	write(t, d, mqtt.Received{Topic: "a/B", Payload: []byte("x\x00\xff"), QoS: 1, PacketID: 7})
	write(t, d, mqtt.Received{Topic: "a/B", Retain: true})
	write(t, d, mqtt.Received{Topic: "a", Properties: &mqtt.Properties{
		PayloadIsText: true, MessageExpiry: &expiry, ContentType: "c", ResponseTopic: "r", CorrelationData: []byte{255},
		UserProperties: []mqtt.UserProperty{{Name: "k", Value: "v"}, {Name: "k", Value: "w"}},
	}})
	const at = "@20261129T120000.000000500Z-"
	checkFiles(t, dir, map[string]string{
		"a/!b/" + at + "1":      "x\x00\xff",
		"a/!b/" + at + "1.json": `{"tst":"2026-11-29T13:00:00.0000005+01:00","topic":"a/B","qos":1,"retain":false,"mid":7,"payloadlen":3}` + "\n",
		"a/!b/" + at + "2":      "",
		"a/!b/" + at + "2.json": `{"tst":"2026-11-29T13:00:00.0000005+01:00","topic":"a/B","qos":0,"retain":true,"payloadlen":0}` + "\n",
		"a/" + at + "3":         "",
		"a/" + at + "3.json": `{"tst":"2026-11-29T13:00:00.0000005+01:00","topic":"a","qos":0,"retain":false,"payloadlen":0,"properties":{"payload-format-indicator":1,` +
			`"message-expiry-interval":90,"content-type":"c","response-topic":"r","correlation-data_base64":"/w==","user-properties":[{"k":"v"},{"k":"w"}]}}` + "\n",
	})
}

func TestLastMessageTakesThePlaceOfTheOneBefore(t *testing.T) {
	d, dir := open(t, true)
	write(t, d, mqtt.Received{Topic: "a", Payload: []byte("longer")})
	write(t, d, mqtt.Received{Topic: "a/b", Payload: []byte("other")})
	write(t, d, mqtt.Received{Topic: "a", Payload: []byte("new")})
	got := files(t, dir)
	names := make([]string, 0, len(got))
	for name := range got {
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"a/@last", "a/@last.json", "a/b/@last", "a/b/@last.json"}; !slices.Equal(names, want) || got["a/@last"] != "new" {
		t.Errorf("got %q", got)
	}
	var info struct{ Payloadlen int }
	if err := json.Unmarshal([]byte(got["a/@last.json"]), &info); err != nil || info.Payloadlen != 3 {
		t.Errorf("got %+v and error %v", info, err)
	}
}

// Two runs keep messages in one folder: none takes the place of another.
func TestRunsDoNotOverwriteEachOther(t *testing.T) {
	d, dir := open(t, false)
	second, err := (&dump.Options{Dir: dir}).Open()
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	for range 3 {
		write(t, d, mqtt.Received{Topic: "a", Payload: []byte("first")})
		write(t, second, mqtt.Received{Topic: "a", Payload: []byte("second")})
	}
	kept := map[string]int{}
	for name, content := range files(t, dir) {
		if !strings.HasSuffix(name, ".json") {
			kept[content]++
		}
	}
	if kept["first"] != 3 || kept["second"] != 3 {
		t.Errorf("kept: %v", kept)
	}
}

// A part that another process writes at this moment is left to it.
func TestPartOfAnotherProcessIsLeftAlone(t *testing.T) {
	d, dir := open(t, false)
	other := filepath.Join(dir, "a", "@20261129T120000.000000500Z-1.part")
	if err := os.MkdirAll(filepath.Dir(other), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, d, mqtt.Received{Topic: "a", Payload: []byte("ours")})
	got := files(t, dir)
	if got["a/@20261129T120000.000000500Z-1.part"] != "other" || got["a/@20261129T120000.000000500Z-2"] != "ours" || len(got) != 3 {
		t.Errorf("got %q", got)
	}
}

func TestHostileTopicsStayInTheFolder(t *testing.T) {
	d, dir := open(t, true)
	hostile := []string{
		"..", "../../outside", "/etc/passwd", "a/../../../outside", "C:\\outside", "\\\\host\\share", "", "/", "a\x00b", "\x1b]0;x\a", "CON", "a:stream",
		strings.Repeat("/", 65535), strings.Repeat("ü", 32767), strings.Repeat("../", 21845), strings.Repeat("a/", 32767),
	}
	for _, topic := range hostile {
		write(t, d, mqtt.Received{Topic: topic, Payload: []byte(topic)})
	}
	above := files(t, filepath.Dir(filepath.Dir(dir)))
	if len(above) != 2*len(hostile) {
		t.Errorf("%d files, want %d", len(above), 2*len(hostile))
	}
	for name, topic := range above {
		rest, inside := strings.CutPrefix(name, "deep/dump/")
		if strings.HasSuffix(name, ".json") {
			continue
		}
		if back, err := dump.Topic(strings.TrimSuffix(rest, "/@last")); !inside || back != topic || err != nil {
			t.Errorf("%.100q is at %.100s, whose topic is %.100q, error %v", topic, name, back, err)
		}
	}
}

func TestSymbolicLinksDoNotLeadOut(t *testing.T) {
	d, dir := open(t, true)
	outside := filepath.Dir(dir)
	for link, target := range map[string]string{"out": "..", "absolute": outside, "a": "b"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	target := filepath.Join(outside, "precious")
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(dir, "b", "@last")); err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{"out", "out/x", "absolute/x"} {
		err := d.Write(&mqtt.Received{Topic: topic}, noon)
		if err == nil || !strings.HasPrefix(err.Error(), "--dump: "+filepath.Join(dir, topic)+"/@last: ") {
			t.Errorf("%s: error %v", topic, err)
		}
	}
	write(t, d, mqtt.Received{Topic: "a", Payload: []byte("within")}) // a leads to b, in the folder
	if content, err := os.ReadFile(filepath.Join(dir, "b", "@last")); string(content) != "within" || err != nil {
		t.Errorf("got %q and error %v", content, err)
	}
	if content, err := os.ReadFile(target); string(content) != "precious" || err != nil {
		t.Errorf("what a link led to is %q, error %v", content, err)
	}
	if entries, err := os.ReadDir(outside); len(entries) != 2 || err != nil {
		t.Errorf("outside there is %v, error %v", entries, err)
	}
}

func TestFolderThatCannotBeIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (&dump.Options{Dir: file}).Open(); err == nil || !strings.Contains(err.Error(), "--dump "+file+": ") {
		t.Errorf("error %v", err)
	}
	if _, err := (&dump.Options{Last: true}).Open(); err == nil {
		t.Error("--dump-last is taken without --dump")
	}
	d, dir := open(t, false)
	if err := os.WriteFile(filepath.Join(dir, "a"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(&mqtt.Received{Topic: "a/b"}, noon); err == nil || !strings.HasSuffix(err.Error(), ": not a directory; 0 messages are kept in "+dir) {
		t.Errorf("error %v", err)
	}
}
