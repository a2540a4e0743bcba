//go:build linux

package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"dunlin/broker"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// link returns the command under the name of one of Mosquitto's.
func link(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = name
	return cmd
}

// hostileJSON is a JSON payload with text that JSON need not escape.
func hostileJSON(t *testing.T, text string) []byte {
	t.Helper()
	var payload bytes.Buffer
	encoder := json.NewEncoder(&payload)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(map[string]string{"a": asString(text), asString(text): "b"}); err != nil {
		t.Fatal(err)
	}
	return payload.Bytes()
}

// hostileBroker keeps messages that terminals would obey, of which half are JSON, and returns its port and their number.
func hostileBroker(t *testing.T) (port string, kept int) {
	t.Helper()
	embedded, err := broker.Start(t.Context(), broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = embedded.Close(context.Background()) })
	client, err := mqtt.Dial(t.Context(), "mqtt://"+embedded.Addr(), mqtt.Config{Version: mqtt.V5})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(context.Background())
	for _, text := range hostile() {
		str := asString(text)
		p := &mqtt.Properties{
			ContentType: str, ResponseTopic: topicOf(text), CorrelationData: []byte(text),
			UserProperties: []mqtt.UserProperty{{Name: str, Value: str}},
		}
		for folder, payload := range map[string][]byte{"text/": []byte(text), "json/": hostileJSON(t, text)} {
			m := mqtt.Message{Topic: folder + topicOf(text), Payload: payload, QoS: mqtt.AtLeastOnce, Retain: true, Properties: p}
			if err := client.Publish(t.Context(), m); err != nil {
				t.Fatalf("%q: %v", m.Topic, err)
			}
			kept++
		}
	}
	return portOf(t, embedded.Addr()), kept
}

// TestCommandsAreHarmlessOnATerminal has every command that prints what others wrote print it on a pseudo-terminal.
func TestCommandsAreHarmlessOnATerminal(t *testing.T) {
	t.Parallel()
	port, kept := hostileBroker(t)
	for _, args := range [][]string{
		{"retained", "ls"},
		{"retained", "ls", "-v"},
		{"retained", "ls", "--json"},
		{"retained", "ls", "-F", "%t|%p|%P|%C|%R|%D"},
		{"retained", "export", "-"},
		{"retained", "rm", "#"},
		{"sub", "-v", "-d"},
		{"sub", "--json"},
		{"sub", "--json", "--pretty"},
		{"sub", "-F", "%j"},
		{"sub", "-F", "%j", "--pretty"},
		{"sub", "-F", "%J"},
		{"sub", "-F", "%t|%p|%P|%C|%R|%D"},
		{"sub", "--watch", "-v"},
		{"sub", "--watch", "--json"},
		{"sub", "--decode", "json", "-v"},
		{"sub", "--decode", "json", "--json"},
		{"sub", "--jq", ".a, $topic, $properties"},
		{"sub", "--jq", ".a", "--raw-output", "-v"},
		{"sub", "--jq", ".a | error"},
		{"mosquitto_sub", "-v"},
		{"mosquitto_sub", "-d"},
		{"mosquitto_sub", "-d", "-q", "1", "-v"},
		{"mosquitto_sub", "-F", "%j"},
		{"mosquitto_sub", "-F", "%J", "--pretty"},
		{"mosquitto_sub", "-F", "%t|%p|%P|%C|%R|%D"},
		{"mosquitto_sub", "--watch", "-v"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			run := append(append([]string{}, args...), "-p", port, "-V", "5")
			cmd := exec.Command("dunlin", run...)
			switch args[0] {
			case "sub":
				cmd = exec.Command("dunlin", append(run, "-t", "#", "-C", strconv.Itoa(kept))...)
			case "mosquitto_sub":
				cmd = link(args[0], append(run[1:], "-t", "#", "-C", strconv.Itoa(kept))...)
			}
			out := onTerminal(t, cmd)
			if max(strings.Count(out, "\n"), strings.Count(out, "\x1b[K")) < kept {
				t.Errorf("messages are missing: %q", out)
			}
			harmless(t, out, args[1] == "--watch")
		})
	}
}

// TestGetIsHarmlessOnATerminal gets each message alone.
func TestGetIsHarmlessOnATerminal(t *testing.T) {
	t.Parallel()
	port, _ := hostileBroker(t)
	for _, text := range hostile() {
		for _, args := range [][]string{{"text/" + topicOf(text), "-v"}, {"json/" + topicOf(text), "--decode", "json"}, {"text/" + topicOf(text), "--decode", "json"}} {
			out := onTerminal(t, exec.Command("dunlin", append([]string{"get", "-p", port}, args...)...))
			if out == "" {
				t.Errorf("%q: nothing was printed", args)
			}
			harmless(t, out, false)
		}
	}
}

// TestErrorsAreHarmlessOnATerminal gives what terminals obey where it is an error, and the error tells it.
func TestErrorsAreHarmlessOnATerminal(t *testing.T) {
	t.Parallel()
	const esc = "\x1b[31m\u009b2J\u202e"
	folder := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	quoted := strconv.Quote(esc)
	for name, cmd := range map[string]*exec.Cmd{
		"option":              exec.Command("dunlin", "sub", "--x"+esc),
		"command":             exec.Command("dunlin", "x"+esc),
		"file":                exec.Command("dunlin", "pub", "-t", "a", "-f", "/x"+esc),
		"record":              exec.Command("dunlin", "retained", "import", write("records", `{"tst":"`+esc+`"}`)),
		"script that is none": exec.Command("dunlin", "run", write("x"+esc+".js", "(")),
		"script not there":    exec.Command("dunlin", "run", "/x"+esc),
		"uncaught error":      exec.Command("dunlin", "run", write("throws.js", "throw new Error("+quoted+")")),
		"uncaught object":     exec.Command("dunlin", "run", write("object.js", "throw {a: "+quoted+"}")),
		"rejection":           exec.Command("dunlin", "run", write("rejects.js", "Promise.reject("+quoted+")")),
		"listeners": exec.Command("dunlin", "run", write("leak.js", `var EventEmitter = require('events');
			var e = new EventEmitter(); for (var i = 0; i < 12; i++) e.on(`+quoted+`, function () {});`)),
		"option of a link":       link("mosquitto_sub", "--x"+esc),
		"value of a link":        link("mosquitto_pub", "-t", "a", "-m", "b", "-q", esc),
		"address of a link":      link("mosquitto_sub", "-L", "mqtt"+esc+"://a/b"),
		"file of a link":         link("mosquitto_pub", "-t", "a", "-f", "/x"+esc),
		"subscription of a link": link("mosquitto_sub", "-t", "a/#/"+esc),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := onTerminal(t, cmd)
			if out == "" {
				t.Error("no error is told")
			}
			harmless(t, out, false)
		})
	}
}

// TestIdentifiersOfServersAreHarmlessOnATerminal has a server name the client so that a terminal would obey.
func TestIdentifiersOfServersAreHarmlessOnATerminal(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mosquitto_pub", "mosquitto_sub"} {
		server := mqtttest.NewServer(t)
		args := []string{"-p", portOf(t, server.Addr()), "-V", "5", "-d", "-t", "a"}
		if name == "mosquitto_pub" {
			args = append(args, "-n")
		}
		done := make(chan string, 1)
		go func() { done <- onTerminal(t, link(name, args...)) }()
		c := server.Accept()
		c.Packet()
		id := "x\x1b[31m\u009b\u202e\n"
		properties := append([]byte{0x12, 0, byte(len(id))}, id...)
		c.SendBytes(append([]byte{0x20, byte(3 + len(properties)), 0, 0, byte(len(properties))}, properties...))
		if first := c.Packet(); name == "mosquitto_sub" {
			c.SendBytes([]byte{0x90, 4, first[2], first[3], 0, 0x87}) // which ends it
		}
		out := <-done
		if !strings.Contains(out, `Client x\x1b[31m\u009b\u202e\x0a received CONNACK`) {
			t.Errorf("%s: got %q", name, out)
		}
		harmless(t, out, false)
	}
}

// TestConsoleOfScriptsIsTheirs shows that a script writes colours as it likes.
func TestConsoleOfScriptsIsTheirs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "colours.js")
	if err := os.WriteFile(path, []byte(`console.log('\x1b[32mgreen\x1b[0m'); console.error('\x1b[31mred\x1b[0m');`), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := onTerminal(t, exec.Command("dunlin", "run", path)); out != "\x1b[32mgreen\x1b[0m\r\n\x1b[31mred\x1b[0m\r\n" {
		t.Errorf("got %q", out)
	}
}

// TestWatchNeedsATerminalThatDraws shows what becomes of --watch on one that cannot.
func TestWatchNeedsATerminalThatDraws(t *testing.T) {
	t.Parallel()
	dumb := append(os.Environ(), "TERM=dumb")
	refused := exec.Command("dunlin", "sub", "--watch", "-t", "a")
	refused.Env = dumb
	if out := onTerminal(t, refused); out != "dunlin: sub: --watch draws on the screen, which a terminal of $TERM dumb has not; leave it out; see dunlin help sub\r\n" {
		t.Errorf("got %q", out)
	}
	server := mqtttest.NewServer(t)
	lines := link("mosquitto_sub", "--watch", "-v", "-p", portOf(t, server.Addr()), "-V", "5", "-t", "#", "-C", "2")
	lines.Env = dumb
	done := make(chan string, 1)
	go func() { done <- onTerminal(t, lines) }()
	subscribed(server, publishPacket("1"), publishPacket("2"))
	if out := <-done; out != "t1 1\r\nt2 2\r\n" {
		t.Errorf("got %q", out)
	}
}

// TestWatchFitsItsTopicsOnTheScreen has more topics than lines, and longer ones than columns, on a small terminal.
func TestWatchFitsItsTopicsOnTheScreen(t *testing.T) {
	t.Parallel()
	for _, cmd := range []*exec.Cmd{exec.Command("dunlin", "sub"), link("mosquitto_sub")} {
		server := mqtttest.NewServer(t)
		cmd.Args = append(cmd.Args, "--watch", "-v", "-p", portOf(t, server.Addr()), "-V", "5", "-t", "#", "-C", "4")
		cmd.Stderr = io.Discard
		done := make(chan string, 1)
		go func() { done <- onScreen(t, cmd, 20, 4) }()
		subscribed(server, publishPacket("1\nnext"), publishPacket("2"+strings.Repeat("x", 30)), publishPacket("3"), publishPacket("4"))
		out := <-done
		for _, want := range []string{`[2;1H` + "\x1b[K\x1b[?7l" + `t1\x0anext 1\x0anex` + "\x1b[?7h", "[3;1H\x1b[K\x1b[?7lt2" + strings.Repeat("x", 17) + "\x1b[?7h"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is missing in %q", want, out)
			}
		}
		if strings.ContainsAny(out, "\n\t") || strings.Contains(out, "[5;1H") {
			t.Errorf("it leaves the screen: %q", out)
		}
		harmless(t, out, true)
	}
}
