package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // a format registers itself
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// writePackages writes the deb and rpm of a target.
func (r *release) writePackages(t target, program []byte, pages []entry) error {
	manual, err := compress(page(pages, "dunlin.1"), r.pack)
	if err != nil {
		return err
	}
	entries := []entry{
		{name: "/usr/bin/dunlin", data: program, executable: true},
		{name: "/usr/share/man/man1/dunlin.1.gz", data: manual},
		{name: "/usr/share/doc/dunlin/README.md", data: page(pages, "README.md")},
		{name: "/usr/share/doc/dunlin/CHANGELOG.md", data: page(pages, "CHANGELOG.md")},
		{name: "/usr/share/doc/dunlin/THIRD-PARTY", data: page(pages, thirdParty)},
		{name: "/usr/share/doc/dunlin/copyright", data: page(pages, "LICENSE")},
	}
	for _, c := range completions {
		if c.installed != "" {
			entries = append(entries, entry{name: c.installed, data: page(pages, c.name)})
		}
	}
	info := r.info("dunlin", "MQTT client: publish, subscribe, run scripts, serve a development broker.")
	for format, arch := range map[string]string{"deb": t.deb, "rpm": t.rpm} {
		if err := r.writePackage(info, format, arch, entries); err != nil {
			return err
		}
	}
	return nil
}

// linked are the names of Mosquitto's commands, under which ours behaves as they do.
var linked = []string{"mosquitto_pub", "mosquitto_sub", "mosquitto_rr"}

// writeLinkPackages writes the package that gives the command the names of Mosquitto's. It
// takes the place of theirs, so that nobody gets it who did not ask for it.
func (r *release) writeLinkPackages() error {
	info := r.info("dunlin-mosquitto", "mosquitto_pub, mosquitto_sub and mosquitto_rr by dunlin, in place of Mosquitto's own.")
	for _, name := range linked {
		info.Contents = append(info.Contents, &files.Content{
			Source: "dunlin", Destination: "/usr/bin/" + name, Type: files.TypeSymlink, FileInfo: &files.ContentFileInfo{MTime: r.time},
		})
	}
	for format, other := range map[string]string{"deb": "mosquitto-clients", "rpm": "mosquitto"} {
		info.Provides, info.Conflicts, info.Replaces = nil, []string{other}, nil
		info.Depends = []string{"dunlin = " + rpmVersion(info)}
		if format == "deb" { // the rpm of that name has their broker, too
			info.Provides, info.Replaces = []string{other}, []string{other}
			info.Depends = []string{"dunlin (= " + debVersion(info) + ")"}
		}
		if err := r.writePackage(info, format, "all", nil); err != nil {
			return err
		}
	}
	return nil
}

// debVersion returns the version of a deb as its packager writes it.
func debVersion(info nfpm.Info) string { return versionOf(info, "-") }

// rpmVersion returns the version of an rpm, without its release, as its packager writes it.
func rpmVersion(info nfpm.Info) string { return versionOf(info, "_") }

// versionOf returns a version as packages have it: what is older than its numbers behind a tilde, with hyphens as given.
func versionOf(info nfpm.Info, hyphen string) string {
	parsed := nfpm.WithDefaults(&info)
	version := parsed.Version
	if parsed.Prerelease != "" {
		version += "~" + strings.ReplaceAll(parsed.Prerelease, "-", hyphen)
	}
	if parsed.VersionMetadata != "" {
		version += "+" + parsed.VersionMetadata
	}
	return version
}

// info returns what all packages say of themselves.
func (r *release) info(name, description string) nfpm.Info {
	return nfpm.Info{
		Name: name, Version: "v" + r.version, Platform: "linux", MTime: r.time,
		Section: "net", Priority: "optional", Maintainer: "The Dunlin authors <authors@dunlin.invalid>",
		Description: description, License: "Apache-2.0", DisableGlobbing: true,
		Overridables: nfpm.Overridables{
			Deb: nfpm.Deb{Compression: fmt.Sprint("gzip:", r.pack)},
			RPM: nfpm.RPM{BuildHost: "localhost", Compression: fmt.Sprint("gzip:", r.pack), Group: "Applications/Internet"},
		},
	}
}

// writePackage writes a package. The packager reads its files from disk.
func (r *release) writePackage(info nfpm.Info, format, arch string, entries []entry) error {
	folder, err := os.MkdirTemp("", "dunlin-release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // it is a temporary one
	info.Arch = arch
	contents := append(files.Contents{}, info.Contents...)
	for i, e := range entries {
		source := filepath.Join(folder, fmt.Sprint(i))
		if err := os.WriteFile(source, e.data, 0o600); err != nil {
			return err
		}
		contents = append(contents, &files.Content{
			Source: source, Destination: e.name,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: os.FileMode(e.mode()), MTime: r.time},
		})
	}
	info.Contents = contents
	complete := nfpm.WithDefaults(&info)
	complete.MTime = r.time
	if err := nfpm.PrepareForPackager(complete, format); err != nil {
		return err
	}
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := packager.Package(complete, &b); err != nil {
		return fmt.Errorf("%s: %w", format, err)
	}
	return r.write(packager.ConventionalFileName(complete), b.Bytes())
}
