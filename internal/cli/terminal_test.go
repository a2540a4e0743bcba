//go:build linux

package cli_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/creack/pty"

	"dunlin/mqtt/mqtttest"
)

// hostile is text that makes a terminal do something, or show something else than is there.
func hostile() map[string]string {
	all := map[string]string{
		"OSC":       "\x1b]0;title\x07\x1b]52;c;aGk=\x1b\\",
		"CSI":       "\x1b[2J\x1b[31;1mred\x1b[6n",
		"DCS":       "\x1bP$qm\x1b\\\x1b_apc\x1b\\\x1b^pm\x1b\\",
		"C1":        "\u009b31m\u009d0;x\u009c\u0090\u0085",
		"bidi":      "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
		"lines":     "\u2028\u2029\r\x0b\x0c",
		"invisible": "\u200b\u2060\ufeff\U000e0041\U000e007f\u3164",
		"private":   "\ue000\U000f0000\U0010fffd\u0378",
		"flood":     "e" + strings.Repeat("\u0301", 40) + "\u00ad\ufe0f",
	}
	bytes := make([]byte, 256)
	for i := range bytes {
		bytes[i] = byte(i)
	}
	all["bytes"] = string(bytes)
	return all
}

// asString makes text what MQTT takes as a string: UTF-8 without NUL.
func asString(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\u0080"), "\x00", "")
}

// topicOf is asString without wildcards.
func topicOf(text string) string {
	return "t" + strings.NewReplacer("#", "", "+", "").Replace(asString(text))
}

// publishPacket is a PUBLISH of MQTT 5 at QoS 0 whose topic, user property and payload are text.
func publishPacket(text string) []byte {
	str := func(dst []byte, s string) []byte {
		return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
	}
	properties := str(str([]byte{0x26}, asString(text)), asString(text))
	body := str(nil, topicOf(text))
	body = append(binary.AppendUvarint(body, uint64(len(properties))), properties...)
	body = append(body, text...)
	return append(binary.AppendUvarint([]byte{0x30}, uint64(len(body))), body...)
}

// subscribed lets a client in, answers its SUBSCRIBE and sends the packets.
func subscribed(server *mqtttest.Server, packets ...[]byte) {
	c := server.Accept()
	c.Accept()
	subscribe := c.Packet()
	c.SendBytes([]byte{0x90, 4, subscribe[2], subscribe[3], 0, 0})
	for _, p := range packets {
		c.SendBytes(p)
	}
}

// onTerminal runs the command with a pseudo-terminal for all its streams, and returns what it wrote.
func onTerminal(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	return onScreen(t, cmd, 0, 0)
}

// onScreen is onTerminal with a size. What cmd has as stderr stays.
func onScreen(t *testing.T, cmd *exec.Cmd, columns, lines uint16) string {
	t.Helper()
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	if err := pty.Setsize(theirs, &pty.Winsize{Cols: columns, Rows: lines}); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout = theirs, theirs
	if cmd.Stderr == nil {
		cmd.Stderr = theirs
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	out, err := io.ReadAll(ours)
	if err != nil && !errors.Is(err, syscall.EIO) { // EIO: the other side is closed
		t.Fatal(err)
	}
	cmd.Wait() // its status is not what is tested
	return string(out)
}

// known are the sequences that the command itself writes: colours, and with --watch the screen.
var known = regexp.MustCompile("\x1b\\[([0-9;]*[mHJK]|[?]7[lh])")

// harmless fails the test where text, which a terminal got, holds anything but printable
// characters, line feeds, tabs and, where they are named, our own sequences.
func harmless(t *testing.T, text string, own bool) {
	t.Helper()
	text = strings.ReplaceAll(text, "\r\n", "\n") // as the terminal's driver makes of a line feed
	if own {
		text = known.ReplaceAllString(text, "")
	}
	if !utf8.ValidString(text) {
		t.Errorf("the terminal got what is no UTF-8: %q", text)
	}
	marks := 0
	for _, r := range text {
		if marks++; !unicode.Is(unicode.Mn, r) {
			marks = 0
		}
		if marks > 4 {
			t.Fatalf("the terminal got a flood of marks in %q", text)
		}
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) && r != '\u00a0' && r != '\u3000' {
			t.Errorf("the terminal got %U in %q", r, text)
		}
	}
}

// TestSubIsHarmlessOnATerminal sends what terminals obey as topic, payload and user property to a
// process whose streams are a real pseudo-terminal.
func TestSubIsHarmlessOnATerminal(t *testing.T) {
	t.Parallel()
	var packets [][]byte
	for _, text := range hostile() {
		packets = append(packets, publishPacket(text))
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"payload", nil},
		{"verbose", []string{"-v"}},
		{"format", []string{"-F", "%t|%p|%P|%20.9t|%-300p"}},
		{"format of an object", []string{"-F", "%j"}},
		{"json", []string{"--json"}},
		{"pretty", []string{"--json", "--pretty"}},
		{"hex", []string{"-v", "--hex"}},
		{"watch", []string{"-w", "-v"}},
		{"faults of a format", []string{"-F", "%J"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := mqtttest.NewServer(t)
			args := append([]string{"sub", "-p", portOf(t, server.Addr()), "-t", "#", "-C", strconv.Itoa(len(packets))}, c.args...)
			done := make(chan string, 1)
			go func() { done <- onTerminal(t, exec.Command("dunlin", args...)) }()
			subscribed(server, packets...)
			out := <-done
			if max(strings.Count(out, "\n"), strings.Count(out, "\x1b[K")) < len(packets) {
				t.Errorf("messages are missing: %q", out)
			}
			harmless(t, out, c.name == "watch")
		})
	}
}

// TestNotesAreHarmlessOnATerminal has a server refuse with a reason that a terminal would obey.
func TestNotesAreHarmlessOnATerminal(t *testing.T) {
	t.Parallel()
	for _, text := range hostile() {
		reason := asString(text)
		properties := append(binary.BigEndian.AppendUint16([]byte{0x1f}, uint16(len(reason))), reason...)
		body := append(binary.AppendUvarint([]byte{0, 0x87}, uint64(len(properties))), properties...)
		server := mqtttest.NewServer(t)
		done := make(chan string, 1)
		go func() {
			done <- onTerminal(t, exec.Command("dunlin", "sub", "-p", portOf(t, server.Addr()), "-t", "#", "--once"))
		}()
		c := server.Accept()
		c.Packet()
		c.SendBytes(append(binary.AppendUvarint([]byte{0x20}, uint64(len(body))), body...))
		out := <-done
		if !strings.Contains(out, "0x87") {
			t.Errorf("the refusal is not told: %q", out)
		}
		harmless(t, out, false)
	}
}

// TestNamesOfServersAreHarmlessOnATerminal names a server that a terminal would obey.
func TestNamesOfServersAreHarmlessOnATerminal(t *testing.T) {
	t.Parallel()
	for _, text := range hostile() {
		out := onTerminal(t, exec.Command("dunlin", "sub", "--once", "-h", "x"+asString(text), "-t", "#"))
		if !strings.Contains(out, "dunlin: ") {
			t.Errorf("no error is told: %q", out)
		}
		harmless(t, out, false)
	}
}

// TestSubIsRawInAPipe shows that nothing is replaced where no terminal reads.
func TestSubIsRawInAPipe(t *testing.T) {
	t.Parallel()
	texts := hostile()
	for _, c := range []struct {
		args []string
		want func(text string) string
	}{
		{nil, func(text string) string { return text + "\n" }},
		{[]string{"-v", "-N"}, func(text string) string { return topicOf(text) + " " + text }},
		{[]string{"-F", "%p %P"}, func(text string) string { return text + " " + asString(text) + ":" + asString(text) + "\n" }},
	} {
		var packets [][]byte
		var want, got bytes.Buffer
		for _, text := range texts {
			packets = append(packets, publishPacket(text))
			want.WriteString(c.want(text))
		}
		server := mqtttest.NewServer(t)
		cmd := exec.Command("dunlin", append([]string{"sub", "-p", portOf(t, server.Addr()), "-t", "#", "-C", strconv.Itoa(len(packets))}, c.args...)...)
		cmd.Stdout = &got
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		subscribed(server, packets...)
		if err := cmd.Wait(); err != nil || got.String() != want.String() {
			t.Errorf("%q: %v: got %q, want %q", c.args, err, got.String(), want.String())
		}
	}
}

// TestJSONOnATerminalKeepsEveryByte reads back what a pseudo-terminal got.
func TestJSONOnATerminalKeepsEveryByte(t *testing.T) {
	t.Parallel()
	text := hostile()["bytes"]
	server := mqtttest.NewServer(t)
	done := make(chan string, 1)
	go func() {
		done <- onTerminal(t, exec.Command("dunlin", "sub", "-p", portOf(t, server.Addr()), "-t", "#", "-C", "1", "--json"))
	}()
	subscribed(server, publishPacket(text))
	out := <-done
	var object struct {
		Topic   string `json:"topic"`
		Payload string `json:"payload_base64"`
	}
	// A note on stderr may stand in front or behind.
	if err := json.NewDecoder(strings.NewReader(out[max(strings.Index(out, "{"), 0):])).Decode(&object); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	payload, err := base64.StdEncoding.DecodeString(object.Payload)
	if err != nil || string(payload) != text || object.Topic != topicOf(text) {
		t.Errorf("%v: got %q of %q", err, payload, object.Topic)
	}
}
