package measure

import (
	"os"
	"os/exec"
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

// TestAnotherMosquitto builds the driver with copies of the machine's files, and sees that a
// library which takes the place of the one that was meant is noticed.
func TestAnotherMosquitto(t *testing.T) {
	include, library, err := findMosquitto("/usr")
	if _, missing := exec.LookPath("cc"); err != nil || missing != nil {
		t.Skip("there is no C compiler, or libmosquitto-dev is not installed")
	}
	dirs := [2]string{}
	for i := range dirs {
		dirs[i] = touch(t, "include/mosquitto.h", "lib/libmosquitto.so.1")
		for _, file := range [][2]string{
			{filepath.Join(include, "mosquitto.h"), "include/mosquitto.h"}, {library, "lib/libmosquitto.so.1"},
		} {
			content, err := os.ReadFile(file[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dirs[i], file[1]), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	source, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	d := Driver{Client: work.Client{Name: "libmosquitto"}}
	b := Builder{Source: source, Out: t.TempDir(), Mosquitto: dirs[0], Log: t.Logf}
	if err := b.mosquitto(t.Context(), &d); err != nil || !strings.Contains(d.Version, ".") || strings.ContainsAny(d.Version, "/\n") {
		t.Errorf("version %q, %v", d.Version, err)
	}
	t.Setenv("LD_LIBRARY_PATH", filepath.Join(dirs[1], "lib"))
	if err := b.mosquitto(t.Context(), &d); err == nil || !strings.Contains(err.Error(), "unset LD_LIBRARY_PATH") {
		t.Errorf("with another one in LD_LIBRARY_PATH: %v", err)
	}
}
