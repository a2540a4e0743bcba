// Package jsre_test runs the scripts of this folder with Mosquitto.
package jsre_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dunlin/internal/mosquitto"
	"dunlin/internal/testcert"
	"dunlin/jsre"
	"dunlin/mqtt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a script may take for a step.
const patience = time.Minute

// script is a script that runs, and what it prints.
type script struct {
	t    *testing.T
	stop context.CancelFunc
	done chan error

	mu   sync.Mutex
	text bytes.Buffer
	grew chan struct{}
}

func (s *script) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.grew <- struct{}{}: // nil where nobody waits
	default:
	}
	return s.text.Write(b)
}

func (s *script) printed() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until the script has printed text n times.
func (s *script) await(text string, n int) {
	s.t.Helper()
	limit := time.After(patience)
	for strings.Count(s.printed(), text) < n {
		select {
		case <-s.grew:
		case <-limit:
			s.t.Fatalf("%q was not printed %d times, but:\n%s", text, n, s.printed())
		}
	}
}

// ends waits for a script that ends by itself, and checks all that it has printed.
func (s *script) ends(want string) {
	s.t.Helper()
	select {
	case err := <-s.done:
		if got := s.printed(); err != nil || got != want {
			s.t.Errorf("%v; printed\n%swant\n%s", err, got, want)
		}
	case <-time.After(patience):
		s.t.Fatalf("it does not end; printed\n%s", s.printed())
	}
}

// cut ends a script that would go on.
func (s *script) cut() {
	s.t.Helper()
	s.stop()
	if err := <-s.done; !errors.Is(err, context.Canceled) {
		s.t.Errorf("the script ended with %v; printed\n%s", err, s.printed())
	}
}

func start(t *testing.T, name string, args ...string) *script {
	t.Helper()
	s := &script{t: t, done: make(chan error, 1), grew: make(chan struct{}, 1)}
	rt, err := jsre.New(jsre.Options{Args: args, Stdout: s, Stderr: s})
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, s.stop = context.WithCancel(t.Context())
	t.Cleanup(s.stop)
	go func() { s.done <- rt.RunFile(ctx, path) }()
	return s
}

// place is a broker's host and port, as the scripts take them.
func place(t *testing.T, b *mosquitto.Broker) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return []string{host, port}
}

// user is somebody who publishes, and hears what comes under the filters.
type user struct {
	*mqtt.Client
	t     *testing.T
	heard chan string // "TOPIC PAYLOAD"
}

func join(t *testing.T, b *mosquitto.Broker, filters ...string) *user {
	t.Helper()
	client, err := mqtt.Dial(t.Context(), b.URL(), mqtt.Config{ClientID: t.Name() + filters[0], KeepSession: true, Reconnect: &mqtt.Reconnect{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(context.Background()) })
	u := &user{Client: client, t: t, heard: make(chan string, 10000)}
	for _, f := range filters {
		_, err := client.Subscribe(t.Context(), mqtt.Subscription{Filter: f, QoS: mqtt.AtLeastOnce, Handler: func(_ context.Context, m *mqtt.Received) {
			u.heard <- m.Topic + " " + string(m.Payload)
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return u
}

func (u *user) say(topic, payload string) {
	u.t.Helper()
	if err := u.Publish(u.t.Context(), mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: mqtt.AtLeastOnce}); err != nil {
		u.t.Fatal(err)
	}
}

func (u *user) next() string {
	u.t.Helper()
	select {
	case m := <-u.heard:
		return m
	case <-time.After(patience):
		u.t.Fatal("no more messages")
		return ""
	}
}

func (u *user) hears(want ...string) {
	u.t.Helper()
	for _, w := range want {
		if got := u.next(); got != w {
			u.t.Fatalf("heard %q, want %q", got, w)
		}
	}
}

func TestAClassOfDevicesObeysAndTellsItsState(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	u := join(t, b, "home/lamp/state")
	s := start(t, "device-class.js", place(t, b)...)
	s.await("watching\n", 1)
	u.hears("home/lamp/state off")
	for _, command := range []string{"on", "toggle", "blink"} {
		u.say("home/lamp/set", command)
	}
	u.hears("home/lamp/state on", "home/lamp/state off")
	s.await("what is blink?\n", 1)
	s.cut()
	if got := s.printed(); got != "watching\nlight\ndark\nwhat is blink?\n" {
		t.Errorf("printed %q", got)
	}
}

// TestAGatewayLosesNothingWhileTheBrokerIsAway ends the broker and starts it again: each reading
// comes, in order, also those of the time between. One that was on its way may come twice.
func TestAGatewayLosesNothingWhileTheBrokerIsAway(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{Persistence: true})
	u := join(t, b, "gateway/readings")
	s := start(t, "gateway.js", place(t, b)...)
	s.await("connected\n", 1)
	heard := -1
	hearUntil := func(last int) {
		for heard < last {
			m := u.next()
			var n int
			if _, err := fmt.Sscanf(m, `gateway/readings {"number":%d,`, &n); err != nil || n > heard+1 {
				t.Fatalf("%q comes after reading %d (%v)", m, heard, err)
			}
			heard = max(heard, n)
		}
	}
	hearUntil(2)
	b.Stop()
	s.await("lost\n", 1)
	s.await("no broker, ", 3)
	b.Restart()
	s.await("connected\n", 2)
	hearUntil(heard + 20)
	s.cut()
}

func TestTLSWithACertificateOfTheClient(t *testing.T) {
	ca := testcert.NewAuthority(t)
	b := mosquitto.Start(t, mosquitto.Options{TLS: ca, ClientCerts: true})
	_, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	cert, key := ca.Client(t, testcert.Options{}).Files(t)
	start(t, "tls-certificate.js", "localhost", port, ca.File(t), cert, key).ends("vault/door: shut\n")

	s := start(t, "tls-certificate.js", "localhost", port, testcert.NewAuthority(t).File(t))
	var status *jsre.ExitError
	if err := <-s.done; !errors.As(err, &status) || s.printed() != "no connection: ECERTAUTHORITY\n" {
		t.Errorf("with another authority: %v, %q", err, s.printed())
	}
}

func TestAsyncFunctionsAskAndWaitForAnswers(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	start(t, "async-await.js", place(t, b)...).ends("84 / 2 = 42\n1 / 0: no answer\n1 / 8 = 0.125\n")
}

func TestSimulatorsReportEachForItself(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	u := join(t, b, "simulated/#")
	start(t, "simulators.js", append(place(t, b), "3", "4")...).ends("3 devices have sent 4 readings each\n")
	byDevice := map[string][]string{}
	for range 3 * 6 {
		topic, payload, _ := strings.Cut(u.next(), " ")
		parts := strings.Split(topic, "/")
		if parts[2] == "reading" {
			payload = "reading"
		}
		byDevice[parts[1]] = append(byDevice[parts[1]], payload)
	}
	for device, got := range byDevice {
		if want := []string{"online", "reading", "reading", "reading", "reading", "asleep"}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", device, got, want)
		}
	}
	if len(byDevice) != 3 {
		t.Errorf("%d devices, want 3", len(byDevice))
	}
}

func TestABridgeJoinsTwoBrokers(t *testing.T) {
	here, there := mosquitto.Start(t, mosquitto.Options{}), mosquitto.Start(t, mosquitto.Options{})
	worker, office := join(t, here, "#"), join(t, there, "#")
	s := start(t, "bridge.js", append(append(place(t, here), place(t, there)...), "plant")...)
	s.await("watching\n", 1)
	worker.say("sensors/tank/level", "0.7")
	worker.say("other", "stays")
	office.hears("plant/sensors/tank/level 0.7")
	office.say("plant/commands/pump", "on")
	office.say("commands/pump", "for another plant")
	worker.hears("sensors/tank/level 0.7", "other stays", "commands/pump on")
	office.hears("plant/commands/pump on", "commands/pump for another plant")
	there.Kill()
	s.await("lost ", 1)
	var status *jsre.ExitError
	if err := <-s.done; !errors.As(err, &status) {
		t.Errorf("without its other side it ended with %v", err)
	}
}

func TestAFilterPassesOnWhatMatters(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	u := join(t, b, "clean/#")
	s := start(t, "json-filter.js", place(t, b)...)
	s.await("watching\n", 1)
	for _, report := range []string{
		`{"temp_f":68,"ts":1772000000,"rssi":-70,"battery":90}`, // 20 °C
		`{"temp_f":68.3}`, // 0.17 °C more
		`{"temp_f":"hot"}`, `null`, `{`,
		`{"temp_f":71.6}`, // 22 °C
	} {
		u.say("raw/attic", report)
	}
	u.hears(`clean/attic {"sensor":"attic","celsius":20,"time":"2026-02-25T06:13:20.000Z","battery":90}`, `clean/attic {"sensor":"attic","celsius":22}`)
	s.cut()
	if got := s.printed(); got != "watching\nattic: no temperature\nattic: no temperature\nattic: no JSON\n" {
		t.Errorf("printed %q", got)
	}
}
