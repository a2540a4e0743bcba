// Command release builds the files that are published: archives and packages of the command
// for each system, with its manual page and completions, their checksums, and the list of
// what each program is made of. The same commit gives the same bytes, wherever it is built.
// It needs Go and nothing else. See docs/RELEASING.md.
package main

import (
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	root := flag.String("root", "..", "folder of the checkout")
	out := flag.String("out", "../dist", "folder for the files; those of an earlier release there are removed")
	only := flag.String("only", "", "targets to build, as linux/amd64,windows/arm64; default: all")
	version := flag.String("version", "", "version without v; default: the commit's tag, or its time and hash")
	flag.Parse()
	r := &release{root: *root, out: *out, version: *version, targets: targets, pack: gzip.BestCompression}
	if *only != "" {
		r.targets = nil
		for name := range strings.SplitSeq(*only, ",") {
			t, err := targetNamed(name)
			if err != nil {
				return err
			}
			r.targets = append(r.targets, t)
		}
	}
	if err := r.askGit(ctx); err != nil {
		return err
	}
	if err := r.clear(); err != nil {
		return err
	}
	return r.build(ctx)
}

// clear removes an earlier release, and nothing else, from where the files are to be.
func (r *release) clear() error {
	found, err := os.ReadDir(r.out)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(found) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range found {
		known := f.Name() == "SHA256SUMS" || strings.HasPrefix(f.Name(), "dunlin") || strings.HasPrefix(f.Name(), "program-")
		if !known || f.IsDir() {
			return fmt.Errorf("%s is not of a release; give another folder with -out", filepath.Join(r.out, f.Name()))
		}
	}
	return os.RemoveAll(r.out)
}

// askGit finds out which commit this is, and its version.
func (r *release) askGit(ctx context.Context) error {
	commit, err := r.git(ctx, "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	seconds := os.Getenv("SOURCE_DATE_EPOCH")
	if seconds == "" {
		if seconds, err = r.git(ctx, "log", "-1", "--format=%ct"); err != nil {
			return err
		}
	}
	epoch, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH is not a number of seconds: %w", err)
	}
	r.commit, r.time = commit, time.Unix(epoch, 0).UTC()
	return r.nameVersion(ctx)
}

// nameVersion is by the tag of the commit, or by the commit, unless the version was given.
func (r *release) nameVersion(ctx context.Context) error {
	changed, err := r.git(ctx, "status", "--porcelain")
	if err != nil {
		return err
	}
	if r.version == "" {
		tag, err := r.git(ctx, "tag", "--points-at", "HEAD", "--list", "v*", "--sort=-version:refname")
		if err != nil {
			return err
		}
		tag, _, _ = strings.Cut(tag, "\n")
		r.version = strings.TrimPrefix(tag, "v")
	}
	if r.version == "" {
		// The letter keeps a hash of digits alone from being a number, which may not begin with 0 there.
		r.version = "0.0.0-" + r.time.Format("20060102150405") + ".g" + r.commit[:12]
	}
	if changed != "" {
		r.version += "+changed" // build metadata, which a deb and an rpm may have, too
		fmt.Fprintln(os.Stderr, "release: the checkout has changes that are in no commit: the version ends with +changed")
	}
	return nil
}

// git returns what git says in the checkout.
func (r *release) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Stderr = r.root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// file returns the path of a file of the checkout.
func (r *release) file(elements ...string) string {
	return filepath.Join(append([]string{r.root}, elements...)...)
}
