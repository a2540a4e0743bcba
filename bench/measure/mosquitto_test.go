package measure

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dunlin/bench/work"
)

// touch makes empty files below a new folder.
func touch(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestFindMosquitto finds it where it was installed, as Debian does it, and where it was built.
func TestFindMosquitto(t *testing.T) {
	for _, test := range []struct{ header, library string }{
		{"include/mosquitto.h", "lib/libmosquitto.so"},
		{"include/mosquitto.h", "lib64/libmosquitto.so"},
		{"include/mosquitto.h", "lib/x86_64-linux-gnu/libmosquitto.so"},
		{"include/mosquitto.h", "lib/libmosquitto.so.1"},
		{"lib/mosquitto.h", "lib/libmosquitto.so.1"},
	} {
		dir := touch(t, test.header, test.library)
		include, library, err := findMosquitto(dir)
		if err != nil || include != filepath.Join(dir, filepath.Dir(test.header)) || library != filepath.Join(dir, test.library) {
			t.Errorf("%v: %s, %s, %v", test, include, library, err)
		}
	}
}

// TestNoMosquittoThere fails in one line: who names a folder does not want to go without.
func TestNoMosquittoThere(t *testing.T) {
	clients, err := work.SelectClients([]string{"libmosquitto"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ file, want string }{
		{"lib/libmosquitto.so", "has no include/mosquitto.h"},
		{"include/mosquitto.h", "has no lib*/libmosquitto.so"},
	} {
		b := Builder{Source: "..", Out: t.TempDir(), Mosquitto: touch(t, test.file), Log: t.Logf}
		_, err := b.Build(t.Context(), clients)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("only %s there: %v", test.file, err)
		}
	}
}
