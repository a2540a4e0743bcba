package measure

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dunlin/bench/work"
)

// TestAnotherMosquitto builds the driver with a library that only says its version, and sees
// that one which takes the place of the one that was meant is noticed.
func TestAnotherMosquitto(t *testing.T) {
	dirs := map[string]string{}
	for _, major := range []string{"8", "9"} {
		dirs[major] = touch(t, "lib/libmosquitto.so.1")
		library := filepath.Join(dirs[major], "lib/libmosquitto.so.1")
		args := []string{"-shared", "-fPIC", "-DMAJOR=" + major, "-o", library, "-Wl,-soname,libmosquitto.so.1", "testdata/mosquitto/mosquitto.c"}
		if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if err := os.CopyFS(filepath.Join(dirs[major], "include"), os.DirFS("testdata/mosquitto")); err != nil {
			t.Fatal(err)
		}
	}
	source, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	d := Driver{Client: work.Client{Name: "libmosquitto"}}
	b := Builder{Source: source, Out: t.TempDir(), Mosquitto: dirs["9"], Log: t.Logf}
	if err := b.mosquitto(t.Context(), &d); err != nil || d.Version != "9.8.7" {
		t.Errorf("version %q, %v", d.Version, err)
	}
	t.Setenv("LD_LIBRARY_PATH", filepath.Join(dirs["8"], "lib"))
	err = b.mosquitto(t.Context(), &d)
	if err == nil || !strings.Contains(err.Error(), "loads libmosquitto 8.8.7") || !strings.Contains(err.Error(), "unset LD_LIBRARY_PATH") {
		t.Errorf("with another one in LD_LIBRARY_PATH: %v", err)
	}
}
