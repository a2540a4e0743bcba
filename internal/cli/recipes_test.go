//go:build unix

package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dunlin/internal/cli"
	"dunlin/mqtt"
)

// recipePrints is what an example has to print, where that shows more than its status.
var recipePrints = map[string]string{
	`dunlin broker`: `^tcp://127\.0\.0\.1:\d+\n$`,
	`dunlin run --broker examples/quickstart.js`:                `(?s)subscribed to /testing\n.*/testing: report 0\n`,
	`dunlin sub -h broker.example -t 'home/#' -v`:               `home/light \{"value":21.5\}\n`,
	`dunlin sub -t state -C 1 -W 5`:                             `^\{"value":21.5\}\n$`,
	`dunlin cheat pub`:                                          `^pub: Publish messages\n`,
	`dunlin get home/light -W 5`:                                `^\{"value":21.5\}\n?$`,
	`dunlin ping mqtt://broker.example -C 1 --within 1s --json`: `^\{.*\}\n`,
	`dunlin req lamp/state -W 5`:                                `^on\n$`,
	`dunlin req calc/upper hello --latency`:                     `^HELLO\n`,
	`dunlin ui`:                                                 `^http://127\.0\.0\.1:\d+/#[0-9a-f]{32}\n$`,
	`dunlin version --json`:                                     `^\{"version":".*\}\n$`,
}

// recipeStatus is the exit status of an example where that is another than 0.
var recipeStatus = map[string]int{}

// recipeFiles are the files that examples read, in the folder in which they run.
var recipeFiles = map[string]string{
	"load.yaml": `groups:
  - {name: sub, clients: 1, subscribe: [{filter: "day/+", qos: 1}]}
  - {name: pub, clients: 2, publish: [{topic: "day/{{.Client}}", qos: 1, count: 5}]}
`,
	"users.txt":    "ann:s3cret\n",
	"field.pcapng": string(fieldCapture()),
	"app.js": `var client = require('mqtt').open({ addr: 'broker.example', port: 8883 });
client.connect({ client: 'app' }, function () { console.log(process.argv.slice(2).join(' ')); client.close(); });
`,
	"app.ts": `const ms: number = 3_600_000;
setInterval(() => {}, ms);
`,
}

// recipePayload is the message that comes on every topic of the examples.
const recipePayload = `{"value":21.5}`

// TestEveryExampleOfTheCommandsWorks runs each line of the examples by bash, with the
// addresses of a real broker in it. One that ends has to end with success; one that goes on
// has to be there for a while, and to end by Ctrl-C.
func TestEveryExampleOfTheCommandsWorks(t *testing.T) {
	t.Parallel()
	if names := cli.CommandsWithoutExample(); len(names) > 0 {
		t.Errorf("without an example: %v", names)
	}
	k := newKitchen(t)
	known := make(map[string]bool)
	var services, others []string // who replies has to be there before who asks
	for _, line := range cli.RecipeLines() {
		known[line] = true
		if strings.HasPrefix(line, "dunlin reply ") {
			services = append(services, line)
		} else {
			others = append(others, line)
		}
	}
	going, failed := k.serveAll(t, services)
	goOn, fail := k.serveAll(t, others)
	going, failed = append(going, goOn...), append(failed, fail...)
	// One may need what another leaves behind, such as a file.
	for _, d := range failed {
		if again := k.serve(t, d.line); !again.ends(20 * time.Second) {
			going = append(going, again)
		} else if fault := again.fault(); fault != "" {
			t.Errorf("%s: %s", d.line, fault)
		}
	}
	for _, d := range going {
		if fault := d.interrupt(); fault != "" {
			t.Errorf("%s: %s", d.line, fault)
		}
	}
	for line := range recipePrints {
		if !known[line] {
			t.Errorf("no example is %q any more", line)
		}
	}
	for line := range recipeStatus {
		if !known[line] {
			t.Errorf("no example is %q any more", line)
		}
	}
}

// kitchen is where examples run: a folder with what they read, and a broker on which
// something is published all the time.
type kitchen struct {
	folder string
	env    []string
	urls   map[string]*url.URL // by scheme
}

func newKitchen(t *testing.T) *kitchen {
	t.Helper()
	k := &kitchen{folder: t.TempDir(), urls: make(map[string]*url.URL)}
	for _, raw := range kitchenBroker(t, k.folder) {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		k.urls[u.Scheme] = u
	}
	k.urls["mqtt"], k.urls["mqtts"] = k.urls["tcp"], k.urls["tls"]
	address := k.urls["tcp"].Host
	for name, text := range recipeFiles {
		k.lay(t, name, text)
	}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(examples, filepath.Join(k.folder, "examples")); err != nil {
		t.Fatal(err)
	}
	k.env = append(os.Environ(), "MQTT_URL=mqtt://"+address, "SSL_CERT_FILE="+filepath.Join(k.folder, "authority.pem"),
		"HOME="+k.folder, "MANPAGER=cat")
	k.publishAlways(t, address)
	return k
}

// kitchenBroker starts dunlin broker, which writes its authority's certificate to authority.pem in folder, and returns its URLs. It is
// a process of its own, for mochi-mqtt 2.7.9 looks for what is kept while another client has something kept, without a lock between
// the two: the race detector would have this test fail.
func kitchenBroker(t *testing.T, folder string) []string {
	t.Helper()
	args := []string{"broker", "--tls-self-signed=" + folder}
	for _, scheme := range []string{"tcp", "tls", "ws", "wss"} {
		args = append(args, "--listen", scheme+"://127.0.0.1:0")
	}
	cmd := exec.Command("dunlin", args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // its status is the signal's
	})
	urls := make([]string, 4)
	for lines, i := bufio.NewScanner(out), 0; i < len(urls); i++ {
		if !lines.Scan() {
			t.Fatalf("the broker has %d addresses: %v", i, lines.Err())
		}
		urls[i] = lines.Text()
	}
	if err := os.Rename(filepath.Join(folder, "ca.pem"), filepath.Join(folder, "authority.pem")); err != nil {
		t.Fatal(err)
	}
	return urls
}

func (k *kitchen) lay(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(k.folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// topicOption finds the topics of an example.
var topicOption = regexp.MustCompile(`-t '?([^' ]+)`)

// publishAlways keeps a message on each topic that an example names, and publishes it again
// and again.
func (k *kitchen) publishAlways(t *testing.T, addr string) {
	t.Helper()
	topics := map[string]bool{"home/light": true, "state": true}
	for _, line := range cli.RecipeLines() {
		for _, m := range topicOption.FindAllStringSubmatch(line, -1) {
			topic := strings.NewReplacer("+", "x", "#", "x").Replace(m[1])
			if !strings.HasPrefix(topic, "$") {
				topics[topic] = true
			}
		}
	}
	client, err := mqtt.Dial(t.Context(), "mqtt://"+addr, mqtt.Config{ClientID: "always"})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		again := time.NewTicker(100 * time.Millisecond)
		defer again.Stop()
		for {
			for topic := range topics {
				m := mqtt.Message{Topic: topic, Payload: []byte(recipePayload), Retain: true}
				if client.Publish(t.Context(), m) != nil {
					return
				}
			}
			select {
			case <-again.C:
			case <-t.Context().Done():
				return
			}
		}
	}()
	t.Cleanup(func() {
		<-ended
		_ = client.Close(context.Background())
	})
}

// inURL finds an address in a URL of an example.
var inURL = regexp.MustCompile(`(mqtts?|wss?|tcp|tls)://((?:[^@ /]*@)?)broker\.example(?::\d+)?`)

// adapt puts the addresses of this kitchen into a line, as its reader would put in his own.
func (k *kitchen) adapt(line string) string {
	plain := k.urls["tcp"]
	if strings.HasPrefix(line, "dunlin broker") {
		if !strings.Contains(line, "--listen") {
			line += " --listen 127.0.0.1:0"
			if strings.Contains(line, "--tls-self-signed") {
				line += " --listen tls://127.0.0.1:0"
			}
		}
		return regexp.MustCompile(`(--listen \S*):\d+`).ReplaceAllString(line, "$1:0")
	}
	line = inURL.ReplaceAllStringFunc(line, func(found string) string {
		parts := inURL.FindStringSubmatch(found)
		return parts[1] + "://" + parts[2] + "localhost:" + k.urls[parts[1]].Port()
	})
	line = strings.ReplaceAll(line, "127.0.0.1:18883", plain.Host)
	line = regexp.MustCompile(`(--listen|--serve) :\d+`).ReplaceAllString(line, "$1 127.0.0.1:0")
	line = strings.ReplaceAll(line, "--to broker.example:1883", "--to "+plain.Host)
	line = regexp.MustCompile(`(-h|--host) broker\.example( -p \d+)?`).ReplaceAllString(line, "-h 127.0.0.1 -p "+plain.Port())
	return strings.ReplaceAll(line, "localhost:1883", plain.Host)
}

// serveAll starts examples, several at a time, and returns those that go on, and those that have failed.
func (k *kitchen) serveAll(t *testing.T, lines []string) (going, failed []*dish) {
	t.Helper()
	const together, while = 8, 2500 * time.Millisecond
	places := make(chan struct{}, together)
	dishes := make([]*dish, len(lines))
	var waiting sync.WaitGroup
	for i, line := range lines {
		places <- struct{}{}
		d := k.serve(t, line)
		dishes[i] = d
		waiting.Go(func() {
			d.ends(while)
			<-places
		})
	}
	waiting.Wait()
	for _, d := range dishes {
		if !d.ends(0) {
			going = append(going, d)
		} else if d.fault() != "" {
			failed = append(failed, d)
		}
	}
	return going, failed
}

// dish is an example that runs.
type dish struct {
	line           string // as it is shown
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer // read them after ended
	ended          chan struct{}
	err            error // of the end; after ended
}

// serve starts an example in a process group of its own, as a shell does.
func (k *kitchen) serve(t *testing.T, line string) *dish {
	t.Helper()
	d := &dish{line: line, ended: make(chan struct{})}
	d.cmd = exec.Command("bash", "-o", "pipefail", "-c", k.adapt(line))
	d.cmd.Dir, d.cmd.Env = k.folder, k.env
	d.cmd.Stdout, d.cmd.Stderr = &d.stdout, &d.stderr
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		d.err = d.cmd.Wait()
		close(d.ended)
	}()
	t.Cleanup(func() {
		if !d.ends(0) {
			_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
			<-d.ended
		}
	})
	return d
}

// ends tells whether the example ends within that time.
func (d *dish) ends(within time.Duration) bool {
	select {
	case <-d.ended:
		return true
	case <-time.After(within):
	}
	select {
	case <-d.ended:
		return true
	default:
		return false
	}
}

// fault returns what is wrong with an example that has ended; "": nothing.
func (d *dish) fault() string { return d.faultWith(recipeStatus[d.line]) }

func (d *dish) faultWith(want int) string {
	got := 0
	var exit *exec.ExitError
	if errors.As(d.err, &exit) {
		got = exit.ExitCode()
	} else if d.err != nil {
		return d.err.Error()
	}
	printed := recipePrints[d.line]
	switch {
	case got != want:
		return fmt.Sprintf("status %d, want %d; stderr %s", got, want, d.stderr.String())
	case !regexp.MustCompile(printed).MatchString(d.stdout.String()):
		return fmt.Sprintf("printed %q, want %s; stderr %s", d.stdout.String(), printed, d.stderr.String())
	}
	return ""
}

// interrupt ends an example by Ctrl-C, if it has not ended by itself, and returns what is
// wrong.
func (d *dish) interrupt() string {
	if d.ends(0) {
		return d.fault()
	}
	_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGINT) // it may have ended
	if !d.ends(20 * time.Second) {
		return "does not end by Ctrl-C"
	}
	return d.faultWith(128 + int(syscall.SIGINT))
}
