package cli

import (
	"context"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// openBrowser opens an address in the browser, and returns what removes what was made for that. The address is a secret: it goes by
// a file that only this user can read, for all users of a machine see the command lines of others.
func openBrowser(ctx context.Context, address string) (remove func(), err error) {
	folder, err := os.MkdirTemp("", "dunlin-ui-")
	if err != nil {
		return func() {}, err
	}
	remove = func() { _ = os.RemoveAll(folder) } // the token in it ends with the command
	file := filepath.Join(folder, "open.html")
	text := fmt.Sprintf("<!doctype html><meta charset=utf-8><title>dunlin ui</title><meta http-equiv=refresh content=\"0; url=%s\">\n", html.EscapeString(address))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return remove, err
	}
	return remove, browserCommand(ctx, file).Run()
}

// browserCommand returns the system's command that opens a file as a person would.
func browserCommand(ctx context.Context, file string) *exec.Cmd {
	switch runtime.GOOS {
	case "darwin":
		return exec.CommandContext(ctx, "open", file)
	case "windows":
		return exec.CommandContext(ctx, "rundll32", "url.dll,FileProtocolHandler", file)
	}
	return exec.CommandContext(ctx, "xdg-open", file)
}
