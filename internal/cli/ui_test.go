//go:build unix

package cli_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"

	"dunlin/internal/cli"
	"dunlin/internal/environ"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt/mqtttest"
)

// pageAddress is what dunlin ui prints.
var pageAddress = regexp.MustCompile(`^http://([^/]+)/#([0-9a-f]{32})\n$`)

// openPage returns what the WebSocket of a page says first.
func openPage(t *testing.T, address string) string {
	t.Helper()
	parts := pageAddress.FindStringSubmatch(address)
	if parts == nil {
		t.Fatalf("%q was printed, and no address", address)
	}
	response, err := http.Get("http://" + parts[1] + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), "<script") {
		t.Errorf("the page: %v, %v: %.200s", response.Status, err, body)
	}
	conn, upgraded, err := websocket.Dial(t.Context(), "ws://"+parts[1]+"/socket", &websocket.DialOptions{
		Subprotocols: []string{"dunlin", "token." + parts[2]}, HTTPHeader: http.Header{"Origin": {"http://" + parts[1]}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if upgraded.Body != nil {
		defer upgraded.Body.Close()
	}
	_, text, err := conn.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// interrupt ends a command as Ctrl-C does, and checks its status.
func interrupt(t *testing.T, c *call) {
	t.Helper()
	c.stop(environ.Interrupt{Signal: syscall.SIGINT})
	if status := c.wait(t); status != 130 {
		t.Errorf("status %d, want 130", status)
	}
}

// TestViewerOfBrokers prints the address of a page, which tells of each broker, without what lets the command in.
func TestViewerOfBrokers(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{Users: map[string]string{"ann": "secret-of-ann"}})
	url := strings.Replace(b.URL(), "//", "//ann:secret-of-ann@", 1)
	c := start(t, nil, "ui", url, url, "-t", "a/#", "-t", "b", "--read-only", "--history", "1M", "--folder", t.TempDir())
	c.stdout.waitFor(t, "\n")
	hello := openPage(t, c.stdout.String())
	if strings.Count(hello, `"kind":"broker"`) != 2 || strings.Count(hello, `"filter":"a/#"`) != 2 || !strings.Contains(hello, `"readOnly":true`) {
		t.Errorf("the page is told %s", hello)
	}
	if strings.Contains(hello, "ann") {
		t.Errorf("a user's name is told: %s", hello)
	}
	interrupt(t, c)
}

// TestViewerEndsAtOnce ends though a broker does not answer.
func TestViewerEndsAtOnce(t *testing.T) {
	t.Parallel()
	silent := mqtttest.NewServer(t)
	c := start(t, nil, "ui", silent.URL())
	c.stdout.waitFor(t, "\n")
	silent.Accept()
	openPage(t, c.stdout.String())
	interrupt(t, c)
}

// TestViewerAsProxy listens for devices, and connects to no broker by itself.
func TestViewerAsProxy(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	c := start(t, nil, "ui", "--listen", "127.0.0.1:0", "--to", b.Addr())
	c.stdout.waitFor(t, "\n")
	hello := openPage(t, c.stdout.String())
	if !strings.Contains(hello, `"kind":"proxy"`) || strings.Contains(hello, `"kind":"broker"`) {
		t.Errorf("the page is told %s", hello)
	}
	interrupt(t, c)
}

// TestViewerForOtherMachines warns where others reach the page.
func TestViewerForOtherMachines(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "ui", "--serve", "0.0.0.0:0", "-p", "1", "--insecure")
	c.stdout.waitFor(t, "\n")
	openPage(t, c.stdout.String())
	if !strings.Contains(c.stderr.String(), "other machines reach the page") {
		t.Errorf("stderr: %s", c.stderr.String())
	}
	interrupt(t, c)
}

// TestWrongUseOfViewer says in a line what is wrong, and what to do.
func TestWrongUseOfViewer(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	locked := t.TempDir()
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	unread := "name a folder that you may read"
	if os.Geteuid() == 0 { // whom rights do not bind
		locked, unread = filepath.Join(locked, "none"), "make it first"
	}
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--folder", locked}, 1, unread},
		{[]string{"mqtt://broker.example"}, 2, "name the topic filters of mqtt://broker.example:1883 with -t"},
		{[]string{"mqtt://localhost", "mqtt://broker.example"}, 2, "name the topic filters of mqtt://broker.example:1883 with -t"},
		{[]string{"mqtt://localhost", "home/#"}, 2, "topic filters are for -t"},
		{[]string{"-t", "a/#/b"}, 2, "a/#/b"},
		{[]string{"--listen", ":1884"}, 2, "--listen and --to go together"},
		{[]string{"--listen", "1884", "--to", "h:1"}, 2, "is not [HOST]:PORT"},
		{[]string{"--listen", ":0", "--to", "http://h"}, 2, "--to"},
		{[]string{"--listen", ":0", "--to", "mqtt://ann:secret@h"}, 2, "devices bring their own"},
		{[]string{"--serve", "8080"}, 2, "such as 127.0.0.1:8080"},
		{[]string{"--serve", taken.Addr().String()}, 1, "choose another port"},
		{[]string{"--serve", "no name:0"}, 1, "name this machine"},
		{[]string{"--history", "much"}, 2, "is not a size"},
		{[]string{"--folder", filepath.Join(t.TempDir(), "none")}, 1, "make it first"},
		{[]string{"--schema", filepath.Join(t.TempDir(), "none.proto")}, 1, "--schema"},
		{[]string{"--reconnect=3"}, 2, "use auto, or never"},
	} {
		call := start(t, nil, append([]string{"ui"}, c.args...)...)
		if status := call.wait(t); status != c.status || !strings.Contains(call.stderr.String(), c.want) || strings.Count(call.stderr.String(), "\n") != 1 {
			t.Errorf("%q: status %d, want %d: %s", c.args, status, c.status, call.stderr.String())
		}
		if call.stdout.String() != "" {
			t.Errorf("%q prints %s", c.args, call.stdout.String())
		}
	}
}

// TestBrowserIsOpened has the system open a file that leads to the page: the address is on no command line, where others would see it.
func TestBrowserIsOpened(t *testing.T) {
	folder := t.TempDir()
	seen := filepath.Join(folder, "seen")
	script := "#!/bin/sh\necho \"$@\" >'" + seen + "'\ncat \"$1\" >>'" + seen + "'\n"
	if err := os.WriteFile(filepath.Join(folder, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	const address = "http://127.0.0.1:1/#secret"
	remove, err := cli.OpenBrowser(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	command, content, _ := strings.Cut(string(text), "\n")
	if strings.Contains(command, "secret") || !strings.Contains(content, "url="+address+`"`) {
		t.Errorf("the command was given %q, and opened %q", command, content)
	}
	info, err := os.Stat(command)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	remove()
	if _, err := os.Stat(command); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
}
