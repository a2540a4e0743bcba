package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	rpmutils "github.com/sassoftware/go-rpmutils"
)

// The links are those of one version, whatever it is called.
func TestLinksNeedTheSameVersion(t *testing.T) {
	for _, version := range []string{"1.2.3", "1.2.3-rc.1", "0.0.0-20260102030405.abababababab", "0.0.0-20260102030405-ab+changed", "1.2.3+changed"} {
		r := &release{out: t.TempDir(), version: version, time: time.Unix(0, 0).UTC()}
		info := r.info("dunlin", "It is for a test.")
		for _, format := range []string{"deb", "rpm"} {
			if err := r.writePackage(info, format, "amd64", []entry{{name: "/usr/bin/dunlin"}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.writeLinkPackages(); err != nil {
			t.Fatal(err)
		}
		field := func(pattern, name string) string {
			found, err := filepath.Glob(filepath.Join(r.out, pattern))
			if err != nil || len(found) != 1 {
				t.Fatalf("%s: %v, %v", pattern, found, err)
			}
			return strings.TrimSpace(command(t, "dpkg-deb", "-f", found[0], name))
		}
		if got, want := field("dunlin-mosquitto_*.deb", "Depends"), "dunlin (= "+field("dunlin_*.deb", "Version")+")"; got != want {
			t.Errorf("%s: deb: %s, want %s", version, got, want)
		}
		if got, want := rpmField(t, r, "dunlin-mosquitto-*.rpm", rpmutils.REQUIREVERSION), rpmField(t, r, "dunlin-[0-9]*.rpm", rpmutils.VERSION); got != want {
			t.Errorf("%s: rpm: %s, want %s", version, got, want)
		}
	}
}

// rpmField returns the value of a tag; of those that are required, the version of the command.
func rpmField(t *testing.T, r *release, pattern string, tag int) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(r.out, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v, %v", pattern, found, err)
	}
	p, err := rpmutils.ReadRpm(bytes.NewReader(r.read(t, filepath.Base(found[0]))))
	if err != nil {
		t.Fatal(err)
	}
	values, err := p.Header.GetStrings(tag)
	if err != nil {
		t.Fatal(err)
	}
	if tag != rpmutils.REQUIREVERSION {
		return values[0]
	}
	names, err := p.Header.GetStrings(rpmutils.REQUIRENAME)
	if err != nil {
		t.Fatal(err)
	}
	return values[slices.Index(names, "dunlin")]
}
