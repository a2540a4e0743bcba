package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"slices"
	"strings"
)

// writeArchive writes what a person unpacks: a zip for Windows, a tar elsewhere.
func (r *release) writeArchive(t target, name string, program []byte, pages []entry) error {
	binary := entry{name: "dunlin", data: program, executable: true}
	if t.os == "windows" {
		binary.name = "dunlin.exe"
	}
	entries := append(slices.Clone(pages), binary)
	for i := range entries {
		entries[i].name = name + "/" + entries[i].name
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	if t.os == "windows" {
		data, err := r.zip(entries)
		if err != nil {
			return err
		}
		return r.write(name+".zip", data)
	}
	data, err := r.tar(entries)
	if err != nil {
		return err
	}
	if data, err = compress(data, r.pack); err != nil {
		return err
	}
	return r.write(name+".tar.gz", data)
}

func (e *entry) mode() int64 {
	if e.executable {
		return 0o755
	}
	return 0o644
}

// tar returns entries as a tar archive that belongs to nobody of this machine.
func (r *release) tar(entries []entry) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: e.mode(), Size: int64(len(e.data)), ModTime: r.time, Format: tar.FormatPAX}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// zip returns entries as a zip archive.
func (r *release) zip(entries []entry) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: r.time})
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(e.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
