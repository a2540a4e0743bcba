package cli_test

import (
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"dunlin/internal/cli"
)

// TestBenchSaysWhyConnectionsWereLost: a server takes three clients and resets their connections. The reason stands in the table, once, and not
// three times with the ports of this side.
func TestBenchSaysWhyConnectionsWereLost(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var taken sync.WaitGroup
	var serving sync.WaitGroup
	taken.Add(3)
	for range 3 {
		serving.Go(func() {
			conn, err := l.Accept()
			if err != nil {
				taken.Done()
				return
			}
			_, _ = io.ReadAtLeast(conn, make([]byte, 1<<10), 14)
			_, _ = conn.Write([]byte{0x20, 2, 0, 0})
			taken.Done()
			taken.Wait()
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		})
	}
	serving.Go(func() { taken.Wait(); _ = l.Close() })
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	c := start(t, nil, "bench", "conn", "-L", "mqtt://"+l.Addr().String(), "-V", "3.1.1", "-c", "3", "--duration", "500ms")
	if status := c.wait(t); status != 0 {
		t.Errorf("status %d: %s", status, c.stderr.String())
	}
	out := c.stdout.String()
	if !regexp.MustCompile(`(?m)^conn lost 3 times: read: .*reset`).MatchString(out) || strings.Contains(out, "->") {
		t.Errorf("the cause is not told, or told with ports:\n%s", out)
	}
}

// TestBenchNamesTheFileThatCannotBeWritten: a folder that is gone when the load is over is told with the file's own name.
func TestBenchNamesTheFileThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gone", "page.html")
	err := cli.WriteBench(file, func(io.Writer) error { return nil })
	if want := file + " cannot be written: "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
