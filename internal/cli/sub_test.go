package cli_test

import (
	"bufio"
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"dunlin/internal/cli"
	"dunlin/internal/environ"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt/mqtttest"
)

// publish has Mosquitto's own client send a message.
func publish(t *testing.T, b *mosquitto.Broker, topic, message string) {
	t.Helper()
	out, err := exec.Command("mosquitto_pub", "-p", portOf(t, b.Addr()), "-t", topic, "-m", message).CombinedOutput()
	if err != nil {
		t.Fatalf("publish: %v: %s", err, out)
	}
}

func TestSubEndsCleanlyOnInterrupt(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	c := start(t, func(e *environ.Environment) { e.StderrTerminal = true }, "sub", "-p", portOf(t, b.Addr()), "-t", "#", "-i", "listener")
	c.stderr.waitFor(t, "dunlin: subscribed, Ctrl-C to stop\n")
	publish(t, b, "t", "hello")
	c.stdout.waitFor(t, "hello\n")
	c.stop(environ.Interrupt{Signal: syscall.SIGINT})
	if status := c.wait(t); status != 130 {
		t.Errorf("status %d, want 130; stderr %q", status, c.stderr.String())
	}
	b.WaitLog("Received DISCONNECT from listener")
}

func TestSubTellsOfALostConnection(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	c := start(t, nil, "sub", "-p", portOf(t, b.Addr()), "-t", "#", "-i", "listener", "--once")
	b.WaitLog("Sending SUBACK to listener") // that is written before it is sent
	publish(t, b, "t", "hello")
	c.stdout.waitFor(t, "hello\n")
	b.Kill()
	if status := c.wait(t); status != cli.ExitLost {
		t.Errorf("status %d, want %d", status, cli.ExitLost)
	}
	oneLine(t, c.stderr.String())
	if !strings.Contains(c.stderr.String(), "connection lost") {
		t.Errorf("stderr %q", c.stderr.String())
	}
}

func TestSubTellsOfARefusedFilter(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "sub", "-V", "3.1.1", "-L", server.URL(), "-t", "secret")
	conn := server.Accept()
	conn.Accept()
	id := conn.Packet()[2:4]
	conn.SendBytes([]byte{0x90, 3, id[0], id[1], 0x80})
	if status := c.wait(t); status != cli.ExitRejected {
		t.Errorf("status %d, want %d", status, cli.ExitRejected)
	}
	oneLine(t, c.stderr.String())
	if !strings.Contains(c.stderr.String(), `subscribe "secret"`) {
		t.Errorf("stderr %q", c.stderr.String())
	}
}

func TestSubTellsOfALowerQoS(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "sub", "-V", "3.1.1", "-L", server.URL(), "-t", "a", "-t", "b", "-q", "2", "-C", "1")
	conn := server.Accept()
	conn.Accept()
	id := conn.Packet()[2:4]
	conn.SendBytes([]byte{0x90, 4, id[0], id[1], 2, 1})
	conn.Send("30 04 0001 61 78")
	if status := c.wait(t); status != cli.ExitOK {
		t.Errorf("status %d", status)
	}
	if got, want := c.stderr.String(), "dunlin: sub: the broker grants \"b\" QoS 1, not 2\n"; got != want {
		t.Errorf("stderr %q, want %q", got, want)
	}
}

func TestPubTellsOfAServerWithoutQoS2(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "pub", "-L", server.URL(), "-t", "t", "-m", "x", "-q", "2")
	conn := server.Accept()
	conn.Accept()
	conn.Packet()
	conn.Send("40 02 0001")
	if status := c.wait(t); status != cli.ExitRejected {
		t.Errorf("status %d, want %d", status, cli.ExitRejected)
	}
	oneLine(t, c.stderr.String())
	if !strings.Contains(c.stderr.String(), "taken at QoS 1, so it may arrive more than once: the server has no QoS 2") {
		t.Errorf("stderr %q", c.stderr.String())
	}
}

func TestNoAnswerToConnectIsUnreachable(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "pub", "-L", server.URL(), "-t", "t", "-m", "x")
	for range 2 { // MQTT 5, then 3.1.1
		conn := server.Accept()
		conn.Packet()
		conn.Close()
	}
	if status := c.wait(t); status != cli.ExitUnreachable {
		t.Errorf("status %d, want %d", status, cli.ExitUnreachable)
	}
	oneLine(t, c.stderr.String())
	if !strings.Contains(c.stderr.String(), "before CONNACK; it may want TLS (mqtts) or WebSocket (ws) at this port") {
		t.Errorf("stderr %q", c.stderr.String())
	}
}

// A server that does not speak MQTT 5 gets the message in 3.1.1.
func TestPubComesToTheVersionOfTheServer(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "pub", "-L", server.URL(), "-t", "t", "-m", "x")
	conn := server.Accept()
	conn.Packet()
	conn.Send("20 02 0001")
	conn.Close()
	conn = server.Accept()
	conn.Accept()
	conn.Expect("30 04 0001 74 78 E0 00")
	conn.Close()
	if status := c.wait(t); status != cli.ExitOK {
		t.Errorf("status %d; stderr %q", status, c.stderr.String())
	}
	c = start(t, nil, "pub", "-V", "5", "-L", server.URL(), "-t", "t", "-m", "x")
	conn = server.Accept()
	conn.Packet()
	conn.Send("20 02 0001")
	conn.Close()
	if status := c.wait(t); status != cli.ExitRefused || !strings.Contains(c.stderr.String(), "does not speak MQTT 5: try 3.1.1, or VersionAuto; -V auto tries 5, then 3.1.1\n") {
		t.Errorf("status %d; stderr %q", status, c.stderr.String())
	}
	c = start(t, nil, "pub", "-V", "5", "-L", server.URL(), "-t", "t", "-m", "x")
	conn = server.Accept()
	conn.Packet()
	conn.Close()
	if status := c.wait(t); status != cli.ExitUnreachable || !strings.Contains(c.stderr.String(), "; -V auto tries 5, then 3.1.1\n") {
		t.Errorf("status %d; stderr %q", status, c.stderr.String())
	}
}

// A server that does not take a topic, or a right that is missing, closes the connection without a word.
func TestPubSaysWhatAClosedConnectionMayMean(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "pub", "-V", "3.1.1", "-L", server.URL(), "-t", "a b", "-m", "x", "-q", "1")
	conn := server.Accept()
	conn.Accept()
	conn.Packet()
	conn.Close()
	want := "the server closed the connection; it may not take this topic or message: see the broker's log\n"
	if status := c.wait(t); status != cli.ExitLost || !strings.Contains(c.stderr.String(), want) {
		t.Errorf("status %d; stderr %q", status, c.stderr.String())
	}
}

// The time-out also bounds a server that never answers.
func TestSubTimesOutWhileConnecting(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "sub", "-L", server.URL(), "-t", "t", "-W", "1")
	server.Accept().Packet()
	if status := c.wait(t); status != cli.ExitTimeout {
		t.Errorf("status %d, want %d; stderr %q", status, cli.ExitTimeout, c.stderr.String())
	}
}

func TestSubEscapesForTerminals(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	const message = "\x1b]0;owned\x07 \xff ünï\ttab \u009b2J"
	for terminal, want := range map[bool]string{
		true:  `t \x1b]0;owned\x07 \xff ünï` + "\ttab " + `\u009b2J` + "\n",
		false: "t " + message + "\n",
	} {
		c := start(t, func(e *environ.Environment) { e.StdoutTerminal, e.StderrTerminal = terminal, true },
			"sub", "-p", portOf(t, b.Addr()), "-t", "t", "-v", "-C", "1")
		c.stderr.waitFor(t, "subscribed")
		publish(t, b, "t", message)
		if status := c.wait(t); status != cli.ExitOK {
			t.Errorf("status %d", status)
		}
		if got := c.stdout.String(); got != want {
			t.Errorf("terminal %v: got %q, want %q", terminal, got, want)
		}
	}
}

// failing is a stdout that takes nothing.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestStdoutThatTakesNoMore(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	publishRetained(t, b)
	for _, v := range []struct {
		err    error
		status int
		stderr string
	}{
		{syscall.EPIPE, cli.ExitOK, ""},
		{errors.New("no space left"), cli.ExitFailure, "dunlin: write to stdout: no space left\n"},
	} {
		c := start(t, func(e *environ.Environment) { e.Stdout = failing{v.err} }, "sub", "-p", portOf(t, b.Addr()), "-t", "kept", "-i", "piped")
		if status := c.wait(t); status != v.status || c.stderr.String() != v.stderr {
			t.Errorf("%v: status %d, stderr %q, want %d, %q", v.err, status, c.stderr.String(), v.status, v.stderr)
		}
		b.WaitLog("Received DISCONNECT from piped")
	}
}

func publishRetained(t *testing.T, b *mosquitto.Broker) {
	t.Helper()
	c := start(t, nil, "pub", "-p", portOf(t, b.Addr()), "-t", "kept", "-m", "x", "-r", "-q", "1")
	if status := c.wait(t); status != cli.ExitOK {
		t.Fatalf("publish: status %d: %s", status, c.stderr.String())
	}
}

// TestProcessSignals sends real signals to a real process.
func TestProcessSignals(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		id := "process-" + s.String()
		cmd := exec.Command("dunlin", "sub", "-p", portOf(t, b.Addr()), "-t", "#", "-i", id)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		b.WaitLog("Sending SUBACK to " + id)
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 128+int(s) {
			t.Errorf("%v: %v, want status %d", s, err, 128+int(s))
		}
		b.WaitLog("Received DISCONNECT from " + id)
	}
}

// TestProcessClosedPipe is "dunlin sub | head -1".
func TestProcessClosedPipe(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{})
	publishRetained(t, b)
	cmd := exec.Command("dunlin", "sub", "-p", portOf(t, b.Addr()), "-t", "#", "-i", "process")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "x\n" {
		t.Fatalf("%q, %v", line, err)
	}
	out.Close()
	publish(t, b, "more", "y")
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v, want status 0", err)
	}
	b.WaitLog("Received DISCONNECT from process")
}

// Messages after the last one that was asked for are not printed, even when they
// come in the same packet of the network.
func TestSubPrintsNoMoreThanCounted(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "sub", "-V", "3.1.1", "-L", server.URL(), "-t", "t", "-C", "2")
	conn := server.Accept()
	conn.Accept()
	id := conn.Packet()[2:4]
	one := []byte{0x30, 4, 0, 1, 't', '1'}
	conn.SendBytes(append([]byte{0x90, 3, id[0], id[1], 0}, bytes.Repeat(one, 5)...))
	if status := c.wait(t); status != cli.ExitOK {
		t.Errorf("status %d; stderr %q", status, c.stderr.String())
	}
	if got := c.stdout.String(); got != "1\n1\n" {
		t.Errorf("stdout %q, want two lines", got)
	}
}

// TestSubThrowsPoisonAway: a message that MQTT forbids is a line on standard error, and what comes
// behind it is printed.
func TestSubThrowsPoisonAway(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "sub", "-V", "3.1.1", "-L", server.URL(), "-t", "p/#", "-C", "1")
	conn := server.Accept()
	conn.Accept()
	id := conn.Packet()[2:4]
	conn.SendBytes([]byte{0x90, 3, id[0], id[1], 0})
	conn.Send("32 0A 0005 702F612B62 0001 78", "30 07 0003 702F61 6F6B")
	conn.Expect("40 02 0001")
	c.stdout.waitFor(t, "ok\n")
	if status := c.wait(t); status != 0 {
		t.Errorf("status %d", status)
	}
	oneLine(t, c.stderr.String())
	if !strings.Contains(c.stderr.String(), `sub: a message to "p/a+b"`) {
		t.Errorf("stderr %q", c.stderr.String())
	}
}
