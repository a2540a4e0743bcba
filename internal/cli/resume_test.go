package cli_test

import (
	"bytes"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"dunlin/internal/cli"
	"dunlin/internal/environ"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt/mqtttest"
)

// What is published at QoS 1 while the connection is lost comes once it stands again, and -C goes on counting.
func TestSubGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{Persistence: true})
	c := start(t, nil, "sub", "-p", portOf(t, b.Addr()), "-t", "t", "-q", "1", "-C", "3")
	b.WaitLog("Sending SUBACK to dunlin-")
	publishAtQoS1(t, b, "t", "first")
	c.stdout.waitFor(t, "first\n")
	b.Stop()
	c.stderr.waitFor(t, "trying again in")
	b.Restart()
	publishAtQoS1(t, b, "t", "second")
	c.stderr.waitFor(t, "dunlin: connected again\n")
	publishAtQoS1(t, b, "t", "third")
	if status := c.wait(t); status != cli.ExitOK {
		t.Errorf("status %d", status)
	}
	if got, want := c.stdout.String(), "first\nsecond\nthird\n"; got != want {
		t.Errorf("stdout %q, want %q", got, want)
	}
	lines := regexp.MustCompile(`^dunlin: connection lost: the server closed the connection\n` +
		`(dunlin: trying again in \S+\n(dunlin: no connection: .*\n)?)+dunlin: connected again\n$`)
	if got := c.stderr.String(); !lines.MatchString(got) {
		t.Errorf("stderr %q", got)
	}
}

// The session of a run outlives its connections, for an hour, and ends with the run.
func TestSubKeepsTheSessionForTheRun(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "sub", "-L", server.URL(), "-t", "t", "-q", "1", "-i", "x", "-C", "2")
	conn := server.Accept()
	connect := conn.Accept()
	if connect[9]&0x02 == 0 || !bytes.Contains(connect, []byte{0x11, 0, 0, 0x0E, 0x10}) {
		t.Errorf("CONNECT % x: want Clean Start and a Session Expiry Interval of 3600", connect)
	}
	id := conn.Packet()[2:4]
	conn.SendBytes([]byte{0x90, 4, id[0], id[1], 0, 1})
	conn.Send("32 07 0001 74 0001 00 31")
	conn.Expect("40 02 0001")
	conn.Close()
	conn = server.Accept()
	if connect = conn.Packet(); connect[9]&0x02 != 0 {
		t.Errorf("CONNECT % x: want no Clean Start", connect)
	}
	conn.Send("20 03 01 00 00", "32 07 0001 74 0002 00 32")
	conn.Expect("40 02 0002", "E0 07 00 05 11 00000000")
	conn.Close()
	if status := c.wait(t); status != cli.ExitOK || c.stdout.String() != "1\n2\n" {
		t.Errorf("status %d, stdout %q, stderr %q", status, c.stdout.String(), c.stderr.String())
	}
}

// A broker that does not speak MQTT 5 keeps no session for the run: it would be for good.
func TestSubKeepsNoSessionBeforeMQTT5(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "sub", "-L", server.URL(), "-t", "t", "-q", "1", "-i", "x", "-C", "1")
	for range 2 { // one attempt for the session, one as any command makes it
		conn := server.Accept()
		conn.Packet()
		conn.Send("20 02 0001")
		conn.Close()
	}
	conn := server.Accept()
	if connect := conn.Accept(); connect[8] != 4 || connect[9]&0x02 == 0 {
		t.Errorf("CONNECT % x: want MQTT 3.1.1 and Clean Session", connect)
	}
	id := conn.Packet()[2:4]
	conn.SendBytes([]byte{0x90, 3, id[0], id[1], 1})
	conn.Send("32 06 0001 74 0001 31")
	conn.Expect("40 02 0001", "E0 00")
	conn.Close()
	if status := c.wait(t); status != cli.ExitOK {
		t.Errorf("status %d, stderr %q", status, c.stderr.String())
	}
}

func TestSubTellsOfASessionThatTheBrokerHasLost(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "sub", "-L", server.URL(), "-t", "t", "-q", "1", "-i", "x", "-C", "1")
	for range 2 {
		conn := server.Accept()
		conn.Accept()
		id := conn.Packet()[2:4]
		conn.SendBytes([]byte{0x90, 4, id[0], id[1], 0, 1})
		if c.stderr.String() == "" {
			conn.Close()
			continue
		}
		c.stderr.waitFor(t, "dunlin: the broker has not kept the session: messages that came meanwhile are lost\n")
		conn.Send("30 05 0001 74 00 31")
		conn.Packet()
		conn.Close()
	}
	if status := c.wait(t); status != cli.ExitOK {
		t.Errorf("status %d, stderr %q", status, c.stderr.String())
	}
}

// A reader that goes away ends the command without a word, and what it did not take is not acknowledged.
func TestSubEndsQuietlyWithItsReader(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	reader, writer := io.Pipe()
	c := start(t, func(e *environ.Environment) { e.Stdout = writer }, "sub", "-V", "3.1.1", "-L", server.URL(), "-t", "t", "-q", "1")
	conn := server.Accept()
	conn.Accept()
	id := conn.Packet()[2:4]
	conn.SendBytes([]byte{0x90, 3, id[0], id[1], 1})
	conn.Send("32 06 0001 74 0001 31")
	if got, err := io.ReadAll(io.LimitReader(reader, 2)); string(got) != "1\n" {
		t.Fatalf("%q, %v", got, err)
	}
	conn.Expect("40 02 0001")
	_ = reader.Close()
	conn.Send("32 06 0001 74 0002 32")
	conn.Expect("E0 00")
	conn.Close()
	if status := c.wait(t); status != cli.ExitOK || c.stderr.String() != "" {
		t.Errorf("status %d, stderr %q", status, c.stderr.String())
	}
}

// A request that is not answered yet when the connection breaks is answered after it, and who waits for an
// answer gets it although the one who answers had lost the broker.
func TestReplyGoesOnAfterALostConnection(t *testing.T) {
	t.Parallel()
	b := mosquitto.Start(t, mosquitto.Options{Persistence: true})
	c := start(t, nil, "reply", "-p", portOf(t, b.Addr()), "ask/+", "--echo", "-q", "1", "-v")
	b.WaitLog("Sending SUBACK to dunlin-")
	b.Stop()
	c.stderr.waitFor(t, "trying again in")
	b.Restart()
	request := start(t, nil, "req", "-p", portOf(t, b.Addr()), "ask/x", "are you there")
	if status := request.wait(t); status != cli.ExitOK || request.stdout.String() != "are you there\n" {
		t.Errorf("status %d, stdout %q, stderr %q", status, request.stdout.String(), request.stderr.String())
	}
	c.stderr.waitFor(t, "dunlin: reply: answered ask/x\n")
	c.stop(environ.Interrupt{Signal: syscall.SIGTERM})
	if status := c.wait(t); status != 143 {
		t.Errorf("status %d, stderr %q", status, c.stderr.String())
	}
}

// publishAtQoS1 has Mosquitto's own client send a message.
func publishAtQoS1(t *testing.T, b *mosquitto.Broker, topic, message string) {
	t.Helper()
	out, err := exec.Command("mosquitto_pub", "-p", portOf(t, b.Addr()), "-q", "1", "-t", topic, "-m", message).CombinedOutput()
	if err != nil {
		t.Fatalf("publish: %v: %s", err, out)
	}
}

// Commands run side by side, as many as --parallel says, and a request is acknowledged when it is answered.
func TestReplyRunsSoManyCommandsAtOnce(t *testing.T) {
	server := mqtttest.NewServer(t)
	begun := "echo begun >&2; while ! test -e go; do sleep 0.01; done; cat"
	t.Chdir(t.TempDir())
	c := start(t, func(e *environ.Environment) { e.Env = os.Environ() },
		"reply", "-L", server.URL(), "-V", "5", "ask", "-q", "1", "--parallel", "2", "--command", begun, "--once")
	conn := server.Accept()
	conn.Accept()
	id := conn.Packet()[2:4]
	conn.SendBytes([]byte{0x90, 4, id[0], id[1], 0, 1})
	for i := range byte(3) {
		conn.SendBytes([]byte{0x32, 15, 0, 3, 'a', 's', 'k', 0, i + 1, 6, 0x08, 0, 3, 't', 'o', '0' + i, 'x'})
	}
	c.stderr.waitFor(t, "begun\nbegun\n")
	conn.ExpectNothing(50 * time.Millisecond)
	if got := c.stderr.String(); strings.Count(got, "begun") != 2 {
		t.Errorf("stderr %q", got)
	}
	if err := os.WriteFile("go", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	answered := map[string]bool{}
	acknowledged := 0
	for acknowledged < 3 {
		switch p := conn.Packet(); p[0] {
		case 0x32:
			answered[string(p[4:7])+string(p[len(p)-1:])] = true
			conn.SendBytes([]byte{0x40, 2, p[7], p[8]})
		case 0x40:
			acknowledged++
			if acknowledged > len(answered) {
				t.Error("a request is acknowledged before it is answered")
			}
		}
	}
	if want := map[string]bool{"to0x": true, "to1x": true, "to2x": true}; !maps.Equal(answered, want) {
		t.Errorf("answers %v, want %v", answered, want)
	}
	c.stop(environ.Interrupt{Signal: syscall.SIGTERM})
	conn.Packet()
	conn.Close()
	if status := c.wait(t); status != 143 {
		t.Errorf("status %d", status)
	}
}

// What a command says that runs at the end is not awaited, and its request not acknowledged.
func TestReplyStopsItsCommandsAtTheEnd(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, func(e *environ.Environment) { e.Env = os.Environ() },
		"reply", "-L", server.URL(), "-V", "5", "ask", "-q", "1", "--command", "echo begun >&2; exec sleep 60", "--once")
	conn := server.Accept()
	conn.Accept()
	id := conn.Packet()[2:4]
	conn.SendBytes([]byte{0x90, 4, id[0], id[1], 0, 1})
	conn.Send("32 0F 0003 61736B 0001 06 08 0003 746F30 78")
	c.stderr.waitFor(t, "begun\n")
	c.stop(environ.Interrupt{Signal: syscall.SIGTERM})
	conn.Expect("E0")
	conn.Close()
	if status := c.wait(t); status != 143 {
		t.Errorf("status %d, stderr %q", status, c.stderr.String())
	}
}

func TestSubSharesWithAGroup(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "sub", "-V", "3.1.1", "-L", server.URL(), "-t", "a", "--share", "g", "-C", "1")
	conn := server.Accept()
	conn.Accept()
	conn.Expect("82 0F 0001 000A 247368617265 2F 67 2F 61 00") // $share/g/a
	conn.Send("90 03 0001 00", "30 04 0001 61 78", "")
	conn.Expect("E0 00")
	conn.Close()
	if status := c.wait(t); status != cli.ExitOK || c.stdout.String() != "x\n" {
		t.Errorf("status %d, stdout %q, stderr %q", status, c.stdout.String(), c.stderr.String())
	}
}
