package mosquittocli_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"dunlin/internal/mosquitto"
	"dunlin/internal/testcert"
	"dunlin/mqtt"
)

// issued are the authority that has signed what the brokers of all rows show, and that.
var issued struct {
	once      sync.Once
	authority *testcert.Authority
	server    testcert.Pair
}

// serve starts what the tool finds: a broker, or a scripted server, on $port.
func (r *run) serve() {
	r.t.Helper()
	r.ports["deadport"] = freePort(r.t)
	if r.row.peer != nil {
		r.ports["port"] = servePeer(r.t, r.row.peer)
		return
	}
	if r.row.noBroker {
		return
	}
	r.broker = mosquitto.Start(r.t, mosquitto.Options{Users: r.users(), Config: r.config()})
	_, r.ports["port"], _ = net.SplitHostPort(r.broker.Addr())
	r.meetDriver()
	for _, m := range r.row.before {
		r.publish(m)
		r.from = r.broker.WaitLogFrom(r.from, "Sending PUBACK to "+driverID)
		r.from = r.broker.WaitLogFrom(r.from, "\n")
	}
}

// meetDriver connects the rig's own client. What the broker logs from then on is the tool's, or comes
// from a step.
func (r *run) meetDriver() {
	r.t.Helper()
	r.driver = newDriver(r)
	r.from = r.broker.WaitLogFrom(r.from, "Sending SUBACK to "+driverID+"\n")
}

func (r *run) users() map[string]string {
	if r.row.needs&needUsers == 0 {
		return nil
	}
	return map[string]string{"alice": "secret", driverID: "secret"}
}

// config returns the lines of the listeners that the row needs, and writes their files.
func (r *run) config() (lines []string) {
	r.t.Helper()
	listen := func(name string) {
		r.ports[name] = freePort(r.t)
		lines = append(lines, fmt.Sprintf("listener %s 127.0.0.1", r.ports[name]))
	}
	if r.row.needs&(needTLS|needCert) != 0 {
		r.certificates()
	}
	secure := []string{"cafile " + r.dir + "/ca.pem", "certfile " + r.dir + "/server.pem", "keyfile " + r.dir + "/server.key"}
	if r.row.needs&needTLS != 0 {
		listen("tlsport")
		lines = append(lines, secure...)
	}
	if r.row.needs&needCert != 0 {
		listen("certport")
		lines = append(append(lines, secure...), "require_certificate true")
	}
	if r.row.needs&needWebSocket != 0 {
		listen("wsport")
		lines = append(lines, "protocol websockets")
	}
	if r.row.needs&needUnix != 0 {
		lines = append(lines, "listener 0 "+r.dir+"/sock")
	}
	if r.row.needs&needProxy != 0 {
		r.ports["proxyport"] = serveProxy(r.t)
	}
	return lines
}

// certificates writes the authority, and what servers and clients show.
func (r *run) certificates() {
	r.t.Helper()
	issued.once.Do(func() {
		issued.authority = testcert.NewAuthority(r.t)
		issued.server = issued.authority.Server(r.t, testcert.Options{})
	})
	a, server := issued.authority, issued.server
	client := a.Client(r.t, testcert.Options{CommonName: "alice"})
	// A folder of authorities has them under the hashes of their names, as "openssl rehash" links them.
	if err := os.Mkdir(filepath.Join(r.dir, "authorities"), 0o700); err != nil {
		r.t.Fatal(err)
	}
	hash, err := exec.Command("openssl", "x509", "-noout", "-hash", "-in", a.File(r.t)).Output()
	if err != nil {
		r.t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"authorities/" + strings.TrimSpace(string(hash)) + ".0": a.PEM(),
		"ca.pem": a.PEM(), "server.pem": server.CertPEM, "server.key": server.KeyPEM,
		"client.pem": client.CertPEM, "client.key": client.KeyPEM,
	} {
		if err := os.WriteFile(filepath.Join(r.dir, name), content, 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
}

// publish publishes for the rig, and waits until the broker has the message.
func (r *run) publish(m mqtt.Message) {
	r.t.Helper()
	m.Topic, m.QoS = r.expand(m.Topic), max(m.QoS, 1)
	if err := r.driver.client.Publish(r.t.Context(), m); err != nil {
		r.t.Errorf("rig: publish to %s: %v", m.Topic, err)
	}
}

// logged waits until the broker has logged something since the tool started.
func logged(text string) step {
	return func(r *run) {
		r.t.Helper()
		r.broker.WaitLogFrom(r.from, text)
	}
}

// subscribed waits until the broker has answered the tool's SUBSCRIBE.
func subscribed(r *run) { logged("Sending SUBACK to ")(r) }

// send publishes a message.
func send(m mqtt.Message) step { return func(r *run) { r.publish(m) } }

// text is a message of QoS 1.
func text(topic, payload string) mqtt.Message {
	return mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: 1}
}

// retained is a message that stays.
func retained(topic, payload string) mqtt.Message {
	return mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: 1, Retain: true}
}

// printed waits until the tool has printed something.
func printed(what string) step {
	return func(r *run) {
		r.t.Helper()
		ctx, cancel := context.WithTimeout(r.t.Context(), runLimit)
		defer cancel()
		if r.stdout.Wait(ctx, 0, what) != nil {
			r.t.Errorf("%q was not printed within %v, but %q", what, runLimit, r.stdout)
		}
	}
}

// signal sends the tool a signal.
func signal(s syscall.Signal) step {
	return func(r *run) { _ = r.cmd.Process.Signal(s) }
}

// restart kills the broker and starts it again. What it logs from then on is the tool's, which may be
// back before the rig.
func restart(r *run) {
	r.t.Helper()
	r.driver.drop()
	start := len(r.broker.Log())
	r.broker.Restart()
	r.from = start
	r.meetDriver()
	r.from = start
}

// driverID is the rig's own client identifier, and its user.
const driverID = "rig"

// driver is the rig's own client: it publishes, answers, and sees what the tool publishes.
type driver struct {
	client *mqtt.Client
	mu     sync.Mutex
	lines  []string
	ended  chan struct{}
}

// lastTopic is that of the message after which nothing of the tool can come.
const lastTopic = "rig/end"

func newDriver(r *run) *driver {
	r.t.Helper()
	d := &driver{ended: make(chan struct{})}
	cfg := mqtt.Config{ClientID: driverID, Version: mqtt.V5, Username: driverID, Password: []byte("secret")}
	client, err := mqtt.Dial(r.t.Context(), r.broker.URL(), cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	d.client = client
	r.t.Cleanup(d.drop)
	all := mqtt.Subscription{Filter: "#", QoS: 2, NoLocal: true, RetainAsPublished: true, RetainHandling: mqtt.RetainedNever}
	all.Handler = func(ctx context.Context, m *mqtt.Received) {
		if m.Topic != lastTopic {
			d.note(m)
		}
		if r.row.answer && m.Topic == "request" {
			d.answer(ctx, m)
		}
	}
	last := mqtt.Subscription{Filter: lastTopic, QoS: 2, Handler: func(context.Context, *mqtt.Received) { close(d.ended) }}
	if _, err := client.Subscribe(r.t.Context(), all, last); err != nil {
		r.t.Fatal(err)
	}
	return d
}

// answer answers a request where it says, or on "response".
func (d *driver) answer(ctx context.Context, m *mqtt.Received) {
	reply := mqtt.Message{Topic: "response", QoS: 1, Payload: append([]byte("re: "), m.Payload...)}
	if p := m.Properties; p != nil && p.ResponseTopic != "" {
		reply.Topic = p.ResponseTopic
		reply.Properties = &mqtt.Properties{CorrelationData: p.CorrelationData}
	}
	_ = d.client.Publish(ctx, reply)
}

// note keeps a message of the tool as a line.
func (d *driver) note(m *mqtt.Received) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := m.Message()
	p.Payload = nil
	d.lines = append(d.lines, fmt.Sprintf("%q %s\n", m.Payload, properties(&p)))
}

// properties returns all of a message but its payload.
func properties(m *mqtt.Message) string {
	line := fmt.Sprintf("%q QoS %d", m.Topic, m.QoS)
	add := func(is bool, name string, value any) {
		if is {
			line += fmt.Sprintf(" %s %q", name, fmt.Sprint(value))
		}
	}
	add(m.Retain, "retain", true)
	p := m.Properties
	if p == nil {
		return line
	}
	if p.MessageExpiry != nil {
		add(true, "expiry", *p.MessageExpiry)
	}
	add(p.PayloadIsText, "payload-format", 1)
	add(p.ContentType != "", "content-type", p.ContentType)
	add(p.ResponseTopic != "", "response-topic", p.ResponseTopic)
	add(p.CorrelationData != nil, "correlation-data", string(p.CorrelationData))
	add(len(p.UserProperties) > 0, "user-properties", p.UserProperties)
	add(p.Order != nil, "order", fmt.Sprintf("% X", p.Order))
	return line
}

// end returns what the tool has published. Call it once, when the tool's connections have ended.
func (d *driver) end(t testing.TB) string {
	t.Helper()
	if err := d.client.Publish(t.Context(), mqtt.Message{Topic: lastTopic, QoS: 2}); err != nil {
		t.Fatal(err)
	}
	<-d.ended
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, "")
}

// drop cuts the connection.
func (d *driver) drop() {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_ = d.client.Close(gone)
}
