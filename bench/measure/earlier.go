package measure

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// earlier builds our driver of a commit with the library of that commit, so that it
// does not matter what has been renamed since. The repository is only read.
func (b *Builder) earlier(ctx context.Context, d *Driver) error {
	hash, err := b.command(ctx, b.Source, "git", "rev-parse", "--verify", "--end-of-options", d.Commit+"^{commit}")
	if err != nil {
		return fmt.Errorf("git knows no commit %q in %s; see git log there", d.Commit, b.Source)
	}
	top, err := b.command(ctx, b.Source, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	bench, err := b.command(ctx, b.Source, "git", "rev-parse", "--show-prefix") // the bench folder, seen from there
	if err != nil {
		return err
	}
	files, err := os.MkdirTemp(b.Out, "commit")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(files) }() // it holds nothing that is wanted again
	archive := filepath.Join(files, "files.tar")
	if _, err := b.command(ctx, top, "git", "archive", "--format=tar", "--output="+archive, hash); err != nil {
		return err
	}
	if _, err := b.command(ctx, files, "tar", "-xf", archive); err != nil {
		return err
	}
	if !strings.HasPrefix(hash, d.Commit) { // a branch or a tag: say where it is now
		d.Version = hash[:12]
	}
	if err := b.golang(ctx, d, filepath.Join(files, bench)); err != nil {
		return fmt.Errorf("of commit %s: %w", hash[:12], err)
	}
	return nil
}
