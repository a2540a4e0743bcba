package cli

import (
	"context"
	"errors"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"dunlin/internal/environ"
	"dunlin/internal/mosquitto"
	"dunlin/internal/testserver"
	"dunlin/mqtt"
)

// running is a command that stays, as sub does, until its client ends or the test says. It calls connected once
// the server has accepted it.
func running(a *app, once bool, connected func()) *cobra.Command {
	s := &session{}
	cmd := &cobra.Command{Use: "stay", SilenceErrors: true, SilenceUsage: true}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if _, err := s.complete(a, cmd, args); err != nil {
			return err
		}
		if once {
			s.stayOnce()
		}
		client, err := s.connect(cmd.Context(), a, mqtt.Config{})
		if err != nil {
			return err
		}
		defer s.close(client)
		connected()
		select {
		case <-client.Done():
			return errLost
		case <-cmd.Context().Done():
			return nil
		}
	}
	cmd.Flags().Bool("help", false, "") // -h is the host
	s.bind(cmd)
	s.bindReconnect(cmd)
	return cmd
}

// stay runs a command that stays, and returns its stderr as it grows, and its error.
func stay(ctx context.Context, once bool, args ...string) (lines *growing, ended chan error) {
	lines, ended = &growing{wake: make(chan struct{}, 1), connected: make(chan struct{})}, make(chan error, 1)
	a := &app{Environment: environ.Environment{Stdin: strings.NewReader(""), Stdout: lines, Stderr: lines}}
	cmd := running(a, once, func() { close(lines.connected) })
	cmd.SetArgs(args)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	return lines, ended
}

// A lost connection is told, and made again: each state has its line.
func TestReconnectTellsWhatItDoes(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	lines, ended := stay(ctx, false, b.URL(), "-i", "stayer", "--min-backoff", "20ms", "--max-backoff", "100ms")
	select {
	case <-lines.connected: // the broker's log says so before CONNACK is on its way
	case err := <-ended:
		t.Fatalf("the command ended: %v", err)
	}
	b.Kill()
	lines.waitFor(t, "no connection: ")
	b.Restart()
	text := lines.waitFor(t, "connected again\n")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	want := regexp.MustCompile(`^dunlin: connection lost: .*\ndunlin: trying again in [0-9.]+m?s\n` +
		`(dunlin: no connection: dial .*\ndunlin: trying again in [0-9.]+m?s\n)+dunlin: connected again\n$`)
	if !want.MatchString(text) {
		t.Errorf("stderr %q", text)
	}
}

// These options end with the connection, and stayOnce gives way to one that says otherwise.
func TestReconnectOrOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		once bool // what the command wants
		goes bool // it goes on
	}{
		{"", false, true},
		{"--once", false, false},
		{"--reconnect=never", false, false},
		{"", true, false},
		{"--reconnect", true, true},
		{"--reconnect=always", false, true},
		{"--reconnect=3", true, true},
	} {
		l := listen(t)
		ctx, cancel := context.WithCancel(t.Context())
		lines, ended := stay(ctx, c.once, append([]string{"mqtt://" + l.Addr().String(), "-V", "311", "--min-backoff", "1ms"}, strings.Fields(c.args)...)...)
		serveOnce(t, l)
		if c.goes {
			serveOnce(t, l)
			lines.waitFor(t, "connected again")
			cancel()
		}
		// A command that goes on may still have been waiting for a connection that lasts.
		if err := <-ended; (err == nil || errors.Is(err, context.Canceled)) != c.goes {
			t.Errorf("%q, once %v: %v; stderr %q", c.args, c.once, err, lines.String())
		}
		cancel()
	}
}

// The number of attempts in a row is what --reconnect says.
func TestReconnectGivesUpAfterItsNumber(t *testing.T) {
	t.Parallel()
	l := listen(t)
	lines, ended := stay(t.Context(), false, "mqtt://"+l.Addr().String(), "-V", "311", "--min-backoff", "1ms", "--max-backoff", "2ms", "--reconnect=3")
	serveOnce(t, l)
	attempts := make(chan int)
	go func() {
		n := 0
		for {
			conn, err := l.Accept()
			if err != nil {
				attempts <- n
				return
			}
			n++
			_ = conn.Close() // as a server that does not let it in
		}
	}()
	if err := <-ended; err == nil {
		t.Error("it ended without an error")
	}
	_ = l.Close()
	if n := <-attempts; n != 3 { // how many are told is another thing: what is to be told when the client has ended is left out
		t.Errorf("%d attempts: %s", n, lines.String())
	}
}

// A connection that stands ends the row: a command outlives more losses than that.
func TestReconnectCountsAttemptsInARow(t *testing.T) {
	t.Parallel()
	l := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	lines, ended := stay(ctx, false, "mqtt://"+l.Addr().String(), "-V", "311", "--min-backoff", "1ms", "--max-backoff", "2ms", "--reconnect=2")
	for range 6 {
		serveOnce(t, l)
	}
	cancel()
	<-ended // with an error or without one: the connection may just have been lost
	if n := strings.Count(lines.String(), "connected again"); n < 4 {
		t.Errorf("%d times connected again: %s", n, lines.String())
	}
}

// With --reconnect the first connection may fail, too; without it that ends the command.
func TestReconnectFromTheStart(t *testing.T) {
	t.Parallel()
	l, err := testserver.Listen()
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	if _, ended := stay(t.Context(), false, "mqtt://"+address); <-ended == nil {
		t.Error("a command without --reconnect went on")
	}
	ctx, cancel := context.WithCancel(t.Context())
	lines, ended := stay(ctx, false, "mqtt://"+address, "-V", "311", "--reconnect", "--min-backoff", "1ms", "--max-backoff", "5ms")
	lines.waitFor(t, "trying again")
	l, err = net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn := accept(t, l)
	defer conn.Close()
	cancel()
	if err := <-ended; err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return l
}

// accept takes a session of MQTT 3.1.1.
func accept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 256)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("\x20\x02\x00\x00")); err != nil {
		t.Fatal(err)
	}
	return conn
}

// serveOnce takes a session and cuts it.
func serveOnce(t *testing.T, l net.Listener) {
	t.Helper()
	_ = accept(t, l).Close()
}

// growing is a stream that a test waits for.
type growing struct {
	mu   sync.Mutex
	text strings.Builder
	wake chan struct{}

	connected chan struct{} // closed once the server has accepted the command's client
}

func (g *growing) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default:
	}
	return g.text.Write(p)
}

func (g *growing) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.String()
}

// waitFor returns the text once it holds want. One goroutine may wait.
func (g *growing) waitFor(t *testing.T, want string) string {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		if text := g.String(); strings.Contains(text, want) {
			return text
		}
		select {
		case <-g.wake:
		case <-limit:
			t.Fatalf("waited for %q, got %q", want, g.String())
		}
	}
}

func TestJoinProperties(t *testing.T) {
	t.Parallel()
	cmd := &cobra.Command{}
	s := &session{}
	s.bind(cmd)
	cmd.Flags().StringP("message", "m", "", "")
	cmd.Flags().BoolP("retain", "r", false, "")
	for _, c := range []struct{ args, want string }{
		{"-D connect receive-maximum 5 x", "-D connect|receive-maximum|5 x"},
		{"--property publish user-property a b x", "--property publish|user-property|a|b x"},
		{"--property publish USER-PROPERTY a b x", "--property publish|USER-PROPERTY|a|b x"},
		{"-rD publish content-type a x", "-rD publish|content-type|a x"},
		{"-D publish:content-type=a x", "-D publish:content-type=a x"},
		{"--property=publish:content-type=a x y", "--property=publish:content-type=a x y"},
		{"-m -D -D a b c", "-m -D -D a|b|c"},
		{"--message -D a b c", "--message -D a b c"},
		{"--message=-D -D a b c d", "--message=-D -D a|b|c d"},
		{"-rm -D a b c", "-rm -D a b c"},
		{"-mD a b c", "-mD a b c"},
		{"-r -D a b c d", "-r -D a|b|c d"},
		{"--insecure -D a b c d", "--insecure -D a|b|c d"},
		{"--user ann -D a b c d", "--user ann -D a|b|c d"},
		{"-D a", "-D a"},
		{"-D a b", "-D a|b"},
		{"-D", "-D"},
		{"-D publish user-property a", "-D publish|user-property|a"},
		{"-- -D a b c", "-- -D a b c"},
		{"- -D a b c d", "- -D a|b|c d"},
		{"-Zx -D a b c d", "-Zx -D a|b|c d"},
	} {
		got := joinProperties(cmd.Flags(), strings.Fields(c.args))
		for i := range got {
			got[i] = strings.ReplaceAll(got[i], wordBreak, "|")
		}
		if !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%s: got %s, want %s", c.args, strings.Join(got, " "), c.want)
		}
	}
}
